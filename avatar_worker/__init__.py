"""The face: lip-sync, the head, and the playback clock, in a worker of their own."""

from visavis.telemetry import turn_off

turn_off()
