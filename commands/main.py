"""``triage``: everything that can be done from the command line."""

import typer

from commands import (
    data_commands,
    demo_command,
    drift_command,
    effects_commands,
    erp_commands,
    events_commands,
    export_commands,
    masters_commands,
    model_commands,
    policy_commands,
    promotion_commands,
    replay_command,
    serving_commands,
    webhooks_commands,
)

app = typer.Typer(
    help="Returns, credits and reconciliation as one governed workflow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (
    demo_command,
    serving_commands,
    data_commands,
    replay_command,
    export_commands,
    model_commands,
    drift_command,
    promotion_commands,
):
    app.registered_commands.extend(group.app.registered_commands)
app.add_typer(policy_commands.app, name="policy")
app.add_typer(masters_commands.app, name="masters")
app.add_typer(events_commands.app, name="events")
app.add_typer(erp_commands.app, name="erp")
app.add_typer(effects_commands.app, name="effects")
app.add_typer(webhooks_commands.app, name="webhooks")

if __name__ == "__main__":
    app()
