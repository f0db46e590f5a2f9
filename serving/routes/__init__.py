"""Routes: read a shape, send a command, present a result. No rule about returns lives here."""
