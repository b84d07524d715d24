#!/bin/sh
# Brings up a Docker engine where none answers: on Debian, as root. It goes on in the background; its log is
# /var/log/iotflow-dockerd.log. Run again it does nothing.
set -eu
answers() { command -v docker >/dev/null && docker version >/dev/null 2>&1; }

answers && exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
  { echo "No Docker engine answers, and only root on Debian can be helped here: start yours." >&2; exit 1; }

missing=
command -v dockerd >/dev/null || missing="$missing docker.io iptables ca-certificates"
command -v debootstrap >/dev/null || missing="$missing debootstrap"
if [ -n "$missing" ]; then
  apt-get update
  # shellcheck disable=SC2086  # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
fi

# The package may have started the engine; on a machine without an init system it does not.
if ! answers; then
  # Published ports are translated by the kernel: the proxy costs more than Redis does.
  setsid nohup dockerd --userland-proxy=false >>/var/log/iotflow-dockerd.log 2>&1 </dev/null &
fi
tries=0
until answers; do
  tries=$((tries + 1))
  [ $tries -lt 120 ] || { tail -20 /var/log/iotflow-dockerd.log >&2; exit 1; }
  sleep 0.5
done
