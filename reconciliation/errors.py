"""The one way a file is refused as a whole; single bad lines are counted instead."""


class UnreadableFile(Exception):
    """Nothing of the file was imported. The message says what is wrong and what to do."""
