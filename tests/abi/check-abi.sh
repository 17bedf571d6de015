#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The C ABI of libpf as the outside sees it: the symbols of libpf.so, and a
# program that finds the installed library through pkg-config. TAP.
#
# usage: check-abi.sh MESON BUILD_DIRECTORY LIBRARY HEADER SANITIZERS CC...
#
# SANITIZERS: what the library is built with (none, or as for -fsanitize=).
# CXX may name a C++ compiler; otherwise c++, g++ or clang++ is looked for.
# shellcheck disable=SC2317 # the functions are called through check
set -u
if [ $# -lt 6 ]; then
  echo "usage: check-abi.sh MESON BUILD LIBRARY HEADER SANITIZERS CC..." >&2
  exit 2
fi
meson=$1 build=$2 library=$3 header=$4 sanitizers=$5
shift 5
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

number=0 failed=0
echo 1..8

# NAME COMMAND...: passes when the command does; its output shows if not.
check ()
{
  name_=$1
  shift
  number=$((number + 1))
  if "$@" >"$work/log" 2>&1; then
    echo "ok $number - $name_"
  else
    sed 's/^/# /' "$work/log"
    echo "not ok $number - $name_"
    failed=1
  fi
}

# The library's symbols with their versions, against the list.
symbols ()
{
  nm -D --defined-only "$library" | awk '$2 != "A" { print $NF }' |
    LC_ALL=C sort >"$work/symbols"
  [ -s "$work/symbols" ] &&
    grep -v '^#' "$here/libpf.symbols" | diff -u - "$work/symbols"
}

# Functions that pf.h declares, against the list.
declarations ()
{
  sed -n 's/^PF_API .*[ *]\(pf_[a-z0-9_]*\) (.*/\1/p' "$header" |
    LC_ALL=C sort >"$work/declared"
  [ -s "$work/declared" ] && grep -v '^#' "$here/libpf.symbols" |
    sed 's/@.*//' | diff -u - "$work/declared"
}

soname ()
{
  readelf -d "$library" | grep 'SONAME.*\[libpf\.so\.1\]'
}

install ()
{
  DESTDIR='' "$meson" install -C "$build" --no-rebuild --quiet \
    --destdir "$work/root" || return 1
  pc=$(find "$work/root" -name libpf.pc)
  [ -n "$pc" ] || { echo 'no libpf.pc was installed'; return 1; }
}

# Only what was installed, nothing from this machine.
pkg ()
{
  PKG_CONFIG_SYSROOT_DIR=$work/root PKG_CONFIG_LIBDIR=${pc%/*} \
    PKG_CONFIG_PATH='' pkg-config "$@" libpf
}

warnings='-Wall -Wextra -Wpedantic -Werror'
sanitize=
[ "$sanitizers" = none ] || sanitize=-fsanitize=$sanitizers

# shellcheck disable=SC2046,SC2086 # lists of flags
compile ()
{
  cflags=$(pkg --cflags) && libs=$(pkg --libs) || return 1
  "$@" $warnings $sanitize $cflags $source -o "$program" $libs
}

compile_c ()
{
  program=$work/outside-c source=$here/outside.c
  compile "$@" -std=c11
}

compile_cxx ()
{
  program=$work/outside-cxx source="-x c++ $here/outside.c -x none"
  compile "$cxx" -std=c++17
}

# The header alone, twice, in either language.
header_alone ()
{
  printf '#include <pf.h>\n#include <pf.h>\nint unused_%s;\n' "$1" \
    >"$work/alone.c"
  shift
  cflags=$(pkg --cflags) || return 1
  # shellcheck disable=SC2086
  "$@" $warnings $cflags -fsyntax-only "$work/alone.c"
}

run ()
{
  libdir=$(find "$work/root" -name 'libpf.so.1' -exec dirname {} \;)
  LD_LIBRARY_PATH=$libdir "$1"
}

cxx=${CXX:-}
for candidate in c++ g++ clang++; do
  [ -z "$cxx" ] && command -v "$candidate" >/dev/null && cxx=$candidate
done

pc=/nonexistent/libpf.pc
check 'symbols are those of the list' symbols
check 'pf.h declares the list' declarations
check 'the soname is libpf.so.1' soname
check 'meson install with a libpf.pc' install
check 'pf.h alone as C11' header_alone c11 "$@" -std=c11
check 'an outside C11 program links' compile_c "$@"
check 'and makes its lossy round trip' run "$work/outside-c"
if [ -n "$cxx" ]; then
  cxx_too ()
  {
    header_alone cxx17 "$cxx" -x c++ -std=c++17 && compile_cxx &&
      run "$work/outside-cxx"
  }
  check 'the same as C++17' cxx_too
else
  number=$((number + 1))
  echo "ok $number - the same as C++17 # SKIP no C++ compiler"
fi
exit $failed
