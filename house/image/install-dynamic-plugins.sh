#!/bin/sh
# The installer, in place of the original script of this name: this shell becomes Node, so that signals reach it.
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
for node in "$here"/node_modules/node-linux-*/bin/node; do
  exec "$node" "$here/bin/install-dynamic-plugins.mjs" "$@"
done
