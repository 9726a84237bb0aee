#!/bin/sh
# A plugin is any program: arguments come after --, input on stdin, output goes to stdout, log lines to stderr.
echo "hello, ${1:-stranger}"
cat
