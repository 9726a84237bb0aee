#!/bin/sh
# The installer, where this image is mounted as a volume.
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
exec "$here/opt/gantry/install-dynamic-plugins.sh" "$@"
