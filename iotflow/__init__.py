"""IoTFlow: a telemetry back end for people with real devices."""

from importlib.metadata import version

__version__ = version("iotflow")
