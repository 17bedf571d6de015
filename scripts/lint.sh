# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# ./pf lint: each check is one counted test. Sourced by pf, after lanes.sh.

# Largest file that may be checked in, in bytes.
PF_LINT_SIZE=409600

# All files of the tree that git does not ignore; without git, all but the
# build directory.
lint_all_files ()
{
  if command -v git >/dev/null 2>&1 &&
    git -c safe.directory="$PF_TOP" rev-parse --git-dir >/dev/null 2>&1
  then
    git -c safe.directory="$PF_TOP" ls-files -co --exclude-standard
  else
    find . -name .git -prune -o -path ./build -prune -o -type f -print |
      sed 's,^\./,,'
  fi | sort -u | while read -r file; do
    [ ! -f "$file" ] || printf '%s\n' "$file"
  done
}

# Files with offences against every check, to prove that each is seen.
lint_plant ()
{
  plant_=$PF_BUILD_ROOT/planted
  mkdir -p "$plant_"
  {
    printf '#include "pf-not-there.h"\n'
    printf 'int planted(char*to,const char*from){ strcpy (to,from); }  \n'
    printf '/* \164eh end */\n'
  } >"$plant_/planted.c"
  cp "$plant_/planted.c" "$plant_/planted.h"
  # shellcheck disable=SC2016
  printf '#!/bin/sh\nrm -rf $1/*\n# http://mirror\n' >"$plant_/planted.sh"
  printf 'def broken(:\n' >"$plant_/planted.py"
  head -c $((PF_LINT_SIZE + 1)) /dev/zero | tr '\0' '\n' >"$plant_/planted.txt"
  printf '%s\n' "$plant_/planted.c" "$plant_/planted.h" \
    "$plant_/planted.sh" "$plant_/planted.py" "$plant_/planted.txt" >>"$lint_files_"
}

# lint_pick REGEX: names that match.
lint_pick ()
{
  grep -E "$1" "$lint_files_" || :
}

# lint_check NAME TOOL: runs the function lint_NAME (dashes as underscores);
# anything it prints is an offence.
lint_check ()
{
  if [ -n "$2" ] && ! command -v "$2" >/dev/null 2>&1; then
    result fail "$lint_lane_" "$1" "$2 is missing; mend: ./pf setup test"
    return 0
  fi
  # A grep that finds nothing must not end a loop over files.
  lint_said_=$(
    set +e
    "lint_$(printf '%s' "$1" | tr - _)" 2>&1
  ) || :
  if [ -z "$lint_said_" ]; then
    result pass "$lint_lane_" "$1"
    return 0
  fi
  say "---- lint: $1:"
  printf '%s\n' "$lint_said_" | head -n 40
  result fail "$lint_lane_" "$1" "$(printf '%s\n' "$lint_said_" | wc -l) lines"
}

lint_clang_format ()
{
  lint_pick '\.[ch]$' | while read -r file; do
    clang-format --style=file:"$PF_TOP/.clang-format" --dry-run "$file" 2>&1 |
      grep -E '(warning|error):' | head -n 1
  done
}

lint_codespell ()
{
  lint_pick '' |
    grep -vE '^(LICENSE|tests/vectors/|tests/fuzz/corpus/)|\.(svg|json)$' |
    tr '\n' '\0' | xargs -0 -r codespell
}

lint_spdx ()
{
  lint_pick '(\.(c|h|S|sh|py|map|ini)|(^|/)(meson\.build|meson_options\.txt|pf|run|packages))$' |
    while read -r file; do
      head -n 3 "$file" | grep -qF 'SPDX-License-Identifier: MIT OR Apache-2.0' ||
        say "$file: no SPDX line"
    done
}

# Each header compiles on its own, but for templates, whose first comment says
# what "includes this file" or that it is "included by" some file. A header for
# one instruction set names the compiler options that it needs in a comment
# "lint-flags: ...". Headers of the library must do without GStreamer's paths.
lint_headers ()
{
  gst_flags=$(pkg-config --cflags gstreamer-1.0 gstreamer-base-1.0 \
    gstreamer-video-1.0 2>/dev/null)
  gst_flags="$gst_flags $(pkg-config --cflags json-glib-1.0 2>/dev/null)"
  lint_pick '\.h$' | while read -r file; do
    if head -n 10 "$file" | grep -qE 'includes this file|included by'; then
      continue
    fi
    flags=$(sed -n 's/.*lint-flags: *\([-a-z0-9=+. ]*\).*/\1/p' "$file")
    case $flags in
      *-march=armv*) compiler=aarch64-linux-gnu-gcc ;;
      *) compiler=gcc ;;
    esac
    case $file in
      tests/bench/bench-path* | tests/bench/bench-stream* | tests/bench/*loss*) flags="$flags $gst_flags" ;;
      gst/libpf/* | tests/unit/* | tests/common/* | tests/bench/*) ;;
      *) flags="$flags $gst_flags" ;;
    esac
    # shellcheck disable=SC2086
    $compiler -std=gnu11 -fsyntax-only -Wall -Wextra -Werror \
      -Wno-unused-function -x c $flags \
      -I gst/libpf -I gst/common -I gst/launch -I gst/quic -I tests/common -I tests/unit \
      -I tests/bench \
      -I "${file%/*}" -include "$file" /dev/null ||
      say "$file: does not compile on its own"
  done
}

lint_banned ()
{
  lint_pick '\.[ch]$' | while read -r file; do
    grep -nHE '\b(strcpy|strcat|stpcpy|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|strtok_r) *\(' \
      "$file"
  done
}

lint_shellcheck ()
{
  lint_pick '' | grep -vE '^(tests/vectors|tests/fuzz/corpus)/' |
    while read -r file; do
      case $file in
        *.sh) say "$file" ;;
        *) if head -c 20 "$file" | grep -aq '^#! */bin/sh'; then say "$file"; fi ;;
      esac
    done | tr '\n' '\0' | xargs -0 -r shellcheck -x
}

lint_python ()
{
  lint_pick '\.py$' | while read -r file; do
    "$(tool python3)" -c 'import ast, sys
ast.parse (open (sys.argv[1], encoding="utf-8").read (), sys.argv[1])' "$file" ||
      say "$file: does not parse"
  done
}

# No blanks at line ends, no carriage returns, a newline at the end; tabs only
# where their format wants them.
lint_blanks ()
{
  lint_pick '' | grep -vE '^(LICENSE|tests/fuzz/corpus/)' |
    while read -r file; do
      grep -nHE '[[:blank:]]$' "$file" | cut -c 1-120
      if grep -q "$(printf '\r')" "$file"; then
        say "$file: carriage returns"
      fi
      case $file in
        *.json | *.md) ;;
        *) if grep -q "$(printf '\t')" "$file"; then say "$file: tabs"; fi ;;
      esac
      [ -z "$(tail -c 1 "$file")" ] || case $file in
        *.json) ;;
        *) say "$file: no newline at the end" ;;
      esac
    done
}

lint_size ()
{
  lint_pick '' | while read -r file; do
    size=$(wc -c <"$file")
    [ "$size" -le "$PF_LINT_SIZE" ] ||
      say "$file: $size bytes, more than $PF_LINT_SIZE"
  done
}

# The mirror is the one that apt uses: no host name of one stands here.
lint_mirrors ()
{
  lint_pick '^(pf$|\.ci/|scripts/)|/planted/' | while read -r file; do
    [ "$file" = scripts/lint.sh ] ||
      grep -nHE '(https?|ftp)://' "$file"
  done
}

lane_lint ()
{
  lint_lane_=$1
  mkdir -p "$PF_BUILD_ROOT"
  lint_files_=$PF_BUILD_ROOT/lint-files
  lint_all_files >"$lint_files_"
  [ "${PF_TEST_PLANT:-}" != 1 ] || lint_plant

  # Later releases have no clang-format 14, and every version formats a
  # little otherwise.
  if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
    lint_check clang-format clang-format
  elif [ "$(debian_release)" = 12 ]; then
    lint_check clang-format clang-format-14
  else
    result skip "$lint_lane_" clang-format "needs clang-format 14"
  fi
  lint_check codespell codespell
  lint_check spdx ''
  lint_check headers gcc
  lint_check banned ''
  lint_check shellcheck shellcheck
  lint_check python ''
  lint_check blanks ''
  lint_check size ''
  lint_check mirrors ''
}
