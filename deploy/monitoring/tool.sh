#!/usr/bin/env bash
# Prints where promtool or prometheus is: tool.sh NAME. On the path, else in Debian's package, unpacked below build/
# (nothing is installed).
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1
unpacked=build/monitoring

if found=$(command -v "$name"); then
  echo "$found"
  exit
fi
if [[ ! -x $unpacked/usr/bin/$name ]]; then
  command -v apt-get >/dev/null || { echo "$name is missing: install Prometheus, which brings it" >&2; exit 1; }
  mkdir -p $unpacked
  [[ $EUID -ne 0 ]] || apt-get update -qq >&2
  (cd $unpacked && apt-get download -qq prometheus >/dev/null 2>&1) \
    || { echo "$name is missing: sudo apt-get install prometheus" >&2; exit 1; }
  dpkg-deb -x $unpacked/prometheus_*.deb $unpacked
fi
echo "$PWD/$unpacked/usr/bin/$name"
