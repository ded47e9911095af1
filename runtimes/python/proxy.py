"""Starts the action proxy. A file of its own because Python keeps no bytecode of the file it is started with."""
from miniwhisk_server import start

start()
