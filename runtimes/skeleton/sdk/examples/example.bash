#!/bin/bash
# The argument is JSON; the last line printed is the result.
echo 'This is a log line of a Bash script.'
echo "{ \"msg\": \"Hello from a Bash script!\", \"args\": ${1:-null} }"
