# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# The lanes of ./pf test: each configures a build directory of its own, builds
# and runs tests, and adds one line per test to the file PF_RESULTS (status,
# lane, test, detail with tabs between). Sourced by pf.

# result STATUS LANE TEST [DETAIL]
result ()
{
  printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" >>"$PF_RESULTS"
}

# configure NAME [meson option...]: build directory PF_BUILD_ROOT/NAME, made
# anew when it was set up otherwise.
configure ()
{
  configure_dir_=$PF_BUILD_ROOT/$1
  shift
  configure_stamp_="$PF_TOP $(tool meson) ${CC:-} ${CFLAGS:-} ${LDFLAGS:-} $*"
  if [ -f "$configure_dir_/build.ninja" ] &&
    [ "$(cat "$configure_dir_/pf-stamp" 2>/dev/null)" = "$configure_stamp_" ]
  then
    return 0
  fi
  rm -rf "$configure_dir_"
  "$(tool meson)" setup --werror "$@" "$configure_dir_" || return 1
  printf '%s' "$configure_stamp_" >"$configure_dir_/pf-stamp"
}

# build_in NAME: everything, or what is named after it.
build_in ()
{
  build_dir_=$PF_BUILD_ROOT/$1
  shift
  # --quiet speaks of failures only.
  "$(tool ninja)" -C "$build_dir_" --quiet "$@"
}

# lane_build LANE NAME [option...]: configure and build as one counted test;
# shows the log only when it failed.
lane_build ()
{
  lane_=$1
  lane_name_=$2
  shift 2
  mkdir -p "$PF_BUILD_ROOT"
  lane_log_=$PF_BUILD_ROOT/$lane_name_.log
  if { configure "$lane_name_" "$@" && build_in "$lane_name_"; } \
    >"$lane_log_" 2>&1
  then
    result pass "$lane_" build
    return 0
  fi
  say "---- $lane_: the build failed; end of $lane_log_:"
  tail -n 60 "$lane_log_"
  result fail "$lane_" build "see $lane_log_"
  return 1
}

# lane_run LANE NAME SUITES [meson test option...]: SUITES are words, none
# means all.
lane_run ()
{
  lane_=$1
  lane_dir_=$PF_BUILD_ROOT/$2
  lane_suites_=
  for lane_suite_ in $3; do
    lane_suites_="$lane_suites_ --suite $lane_suite_"
  done
  shift 3
  rm -f "$lane_dir_"/meson-logs/testlog*
  # shellcheck disable=SC2086
  "$(tool meson)" test -C "$lane_dir_" --no-rebuild $lane_suites_ "$@" \
    >"$lane_dir_/pf-test.log" 2>&1 || :
  # With --wrap or a set-up the log carries another name.
  lane_json_=$(find "$lane_dir_/meson-logs" -name 'testlog*.json' | head -n 1)
  if [ -z "$lane_json_" ]; then
    tail -n 20 "$lane_dir_/pf-test.log"
    result fail "$lane_" tests "no test ran; see $lane_dir_/pf-test.log"
    return 0
  fi
  "$(tool python3)" scripts/tally.py meson "$lane_" "$lane_json_" \
    >>"$PF_RESULTS" ||
    result fail "$lane_" tests "cannot read $lane_json_"
}

# Sanitizers stop at the first finding, and a finding fails the test.
# A block of thread-local memory that begins 16 bytes into a page looks to
# LeakSanitizer as glibc 2.19 left it: it crashes over what lies before, once in
# some hundred programs. It finds such memory without that too.
# Old versions of GLib keep what they are given back in slices of their own, where
# it is neither lost nor used.
sanitizer_env ()
{
  G_SLICE=always-malloc
  ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  ASAN_OPTIONS=$ASAN_OPTIONS:intercept_tls_get_addr=0
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
  LSAN_OPTIONS=print_suppressions=0:suppressions=$PF_TOP/tests/leaks.supp
  export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS LSAN_OPTIONS G_SLICE
}

configure_default ()
{
  configure default
}

lane_default ()
{
  lane_build "$1" default || return 0
  lane_run "$1" default "$2"
}

lane_asan ()
{
  sanitizer_env
  lane_build "$1" asan -Db_sanitize=address,undefined \
    -Dc_args=-fno-sanitize-recover=all || return 0
  lane_run "$1" asan "$2" --timeout-multiplier 4
}

# Lanes that only build run no test that could carry a plant: theirs is a header
# with a warning in front of every source, which must stop the build. Prints its
# name, or nothing.
lane_plant ()
{
  [ "${PF_TEST_PLANT:-}" = 1 ] || return 0
  mkdir -p "$PF_BUILD_ROOT/planted"
  printf 'static int planted (void) { return 0; }\n' \
    >"$PF_BUILD_ROOT/planted/warning.h"
  printf '%s' "$PF_BUILD_ROOT/planted/warning.h"
}

# Every feature off: what is left must build without them.
lane_off ()
{
  off_plant_=$(lane_plant)
  lane_build "$1" off -Dauto_features=disabled \
    ${off_plant_:+"-Dc_args=-include '$off_plant_'"} || :
  if [ -e "$PF_BUILD_ROOT/off/gst/libpf/libpf.so" ]; then
    result pass "$1" libpf.so
  else
    result fail "$1" libpf.so "was not built"
  fi
}

# What needs no GLib, cross-compiled and run under qemu's user emulation, with
# OpenSSL of that architecture. The host's is not to be found by mistake.
lane_aarch64 ()
{
  PF_TEST_EMULATED=1
  export PF_TEST_EMULATED
  if ! sysroot_ensure arm64; then
    result fail "$1" sysroot "could not be made; mend: see apt's words above"
    return 0
  fi
  result pass "$1" sysroot
  mkdir -p "$PF_BUILD_ROOT"
  sysroot_cross_file aarch64-linux-gnu >"$PF_BUILD_ROOT/aarch64.ini"
  lane_build "$1" aarch64 --cross-file scripts/cross/aarch64-linux-gnu.ini \
    --cross-file "$PF_BUILD_ROOT/aarch64.ini" \
    -Dcrypto=enabled -Dpairing=enabled -Dplugins=disabled || return 0
  lane_run "$1" aarch64 unit --timeout-multiplier 10
}

lane_mingw ()
{
  mingw_plant_=$(lane_plant)
  lane_build "$1" mingw --cross-file scripts/cross/x86_64-w64-mingw32.ini \
    -Dcrypto=disabled -Dpairing=disabled -Dplugins=disabled \
    ${mingw_plant_:+"-Dc_args=-include '$mingw_plant_'"} || :
  if [ -n "$(find "$PF_BUILD_ROOT/mingw" -name '*pf*.dll')" ]; then
    result pass "$1" libpf.dll
  else
    result fail "$1" libpf.dll "was not built"
  fi
}

lane_clang ()
{
  CC=clang
  export CC
  lane_build "$1" clang || return 0
  lane_run "$1" clang "$2"
}

lane_tsan ()
{
  sanitizer_env
  lane_build "$1" tsan -Db_sanitize=thread || return 0
  lane_run "$1" tsan "$2" --timeout-multiplier 10
}

lane_valgrind ()
{
  PF_TEST_EMULATED=1
  export PF_TEST_EMULATED
  lane_build "$1" default || return 0
  # GLib says itself what it never frees.
  valgrind_known_=/usr/share/glib-2.0/valgrind/glib.supp
  [ ! -e "$valgrind_known_" ] || valgrind_known_="--suppressions=$valgrind_known_"
  valgrind_known_="$valgrind_known_ --suppressions=$PF_TOP/tests/valgrind.supp"
  lane_run "$1" default "$2" --timeout-multiplier 30 --wrap \
    "valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite $valgrind_known_"
}

# Every target for so many seconds; SUITES does not matter here.
lane_fuzz ()
{
  fuzz_seconds_=${PF_FUZZ_SECONDS:-60}
  sanitizer_env
  CC=clang
  export CC
  lane_build "$1" fuzz -Dfuzz=true -Db_sanitize=address,undefined \
    -Db_lundef=false -Dc_args=-fno-sanitize-recover=all || return 0
  fuzz_any_=no
  for fuzz_program_ in "$PF_BUILD_ROOT"/fuzz/tests/fuzz/fuzz-*; do
    if [ ! -f "$fuzz_program_" ] || [ ! -x "$fuzz_program_" ]; then
      continue
    fi
    fuzz_name_=${fuzz_program_##*/}
    [ -z "${PF_FUZZ_TARGET:-}" ] || [ "$fuzz_name_" = "$PF_FUZZ_TARGET" ] ||
      continue
    fuzz_any_=yes
    fuzz_found_=$PF_BUILD_ROOT/findings/$fuzz_name_
    fuzz_grown_=$PF_BUILD_ROOT/corpus/$fuzz_name_
    fuzz_seeds_=tests/fuzz/corpus/${fuzz_name_#fuzz-}
    [ -d "$fuzz_seeds_" ] || fuzz_seeds_=tests/fuzz/corpus/$fuzz_name_
    mkdir -p "$fuzz_found_" "$fuzz_grown_"
    [ -d "$fuzz_seeds_" ] || fuzz_seeds_=
    say "$fuzz_name_: $fuzz_seconds_ s"
    if "$fuzz_program_" -max_total_time="$fuzz_seconds_" -timeout=10 \
      -print_final_stats=1 -artifact_prefix="$fuzz_found_/" \
      "$fuzz_grown_" ${fuzz_seeds_:+"$fuzz_seeds_"} \
      >"$fuzz_found_/log" 2>&1
    then
      grep -E 'number_of_executed_units|average_exec_per_sec|^#[0-9]+.*DONE' \
        "$fuzz_found_/log" | sed 's/^/     /'
      result pass "$1" "$fuzz_name_"
    else
      tail -n 40 "$fuzz_found_/log"
      result fail "$1" "$fuzz_name_" "see $fuzz_found_"
    fi
  done
  [ "$fuzz_any_" = yes ] || result fail "$1" targets "there is none"
}

# run_lane LANE SUITES: in a process of its own, so that its environment and
# an unforeseen end stay there.
run_lane ()
{
  run_lane_=${PF_LANE_PREFIX:-}$1
  run_start_=$(date +%s)
  run_before_=$(wc -l <"$PF_RESULTS")
  say "== $run_lane_"
  (
    set -eu
    "lane_$1" "$run_lane_" "$2"
  ) || result fail "$run_lane_" lane "ended early"
  run_after_=$(wc -l <"$PF_RESULTS")
  [ "$run_after_" -gt "$run_before_" ] ||
    result fail "$run_lane_" lane "said nothing"
  say "   $((run_after_ - run_before_)) results in" \
    "$(($(date +%s) - run_start_)) s"
}
