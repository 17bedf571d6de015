#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# libpf stands alone: no file of it includes anything of GLib, GStreamer or
# another layer of the project, and pf.h includes nothing but ISO C. TAP.
#
# usage: check-libpf-includes.sh DIRECTORY
set -u
dir=${1:?usage: check-libpf-includes.sh DIRECTORY}
failed=0

echo 1..3

# name, and the lines that must not be there
report ()
{
  number=$((${number:-0} + 1))
  if [ -z "$2" ]; then
    echo "ok $number - $1"
  else
    printf '%s\n' "$2" | sed 's/^/# /'
    echo "not ok $number - $1"
    failed=1
  fi
}

# All lines that include something, as FILE:LINE:TEXT.
includes=$(find "$dir" -name '*.[chS]' -exec \
  grep -nHE '^[[:space:]]*#[[:space:]]*include' {} +)

# An empty list would mean that nothing was looked at.
sources=$(find "$dir" -name '*.c' | wc -l)
if [ "$sources" -lt 5 ] || [ -z "$includes" ]; then
  report 'sources found' "only $sources C files under $dir"
else
  report 'sources found' ''
fi

# Angle brackets: ISO C, POSIX threads, processor intrinsics, crypto
# libraries later; quotes: files of libpf itself.
report 'no GLib, GStreamer or other layer' "$(
  printf '%s\n' "$includes" |
    grep -E '[<"]((glib|gio|gobject|gmodule|gst)[-a-z0-9.]*[/.]|(.*/)?(gst|common|fec|host|client)/)'
  printf '%s\n' "$includes" | sed -n 's/^\([^:]*:[0-9]*:\).*"\(.*\)".*/\1 \2/p' |
    while read -r where name; do
      case $name in
        pf-config.h) ;; # made by the build
        *) [ -f "$dir/$name" ] || echo "$where $name is not a file of libpf" ;;
      esac
    done
)"

report 'pf.h needs only ISO C' "$(
  printf '%s\n' "$includes" | grep '/pf\.h:' |
    grep -vE '<(stddef|stdint|stdbool)\.h>'
)"

exit $failed
