#!/bin/sh
# What runs until an image or an action brings a program of its own.
echo 'This is a stub action: put a program at /action/exec.'
echo "Its argument was: $1"
echo '{ "error": "This is a stub action. Replace it with custom logic." }'
