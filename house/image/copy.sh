#!/busybox sh
# Copies the directory of Gantry into a volume: `/copy [TARGET]`, default /gantry. May run again over an earlier copy.
set -eu
umask 022
target=${1:-/gantry}
/busybox mkdir -p "$target"
/busybox cp -Rf /opt/gantry/. "$target"
echo "copied Gantry into $target"
