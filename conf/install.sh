#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the configuration where there is none yet: one that an administrator wrote is never replaced.
set -eu

target=${DESTDIR-}/etc/retaind/retaind.conf
if [ -e "$target" ] || [ -L "$target" ]; then
    echo "Keeping $target"
else
    install -D -m 0644 "$1" "$target"
    echo "Installed $target"
fi
