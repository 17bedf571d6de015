# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# What the parts of ./pf share: places, messages, small checks. Sourced by pf,
# which has set PF_TOP and gone there.

# Build directories live here; one tree may be shared by several users or
# machines when each has its own.
PF_BUILD_ROOT=${PF_BUILD_DIR:-$PF_TOP/build}
case $PF_BUILD_ROOT in
  /*) ;;
  *) PF_BUILD_ROOT=$PF_TOP/$PF_BUILD_ROOT ;;
esac

say ()
{
  printf '%s\n' "$*"
}

warn ()
{
  printf 'pf: %s\n' "$*" >&2
}

# What is wrong, and how to mend it.
die ()
{
  warn "$@"
  exit 1
}

is_root ()
{
  [ "$(id -u)" -eq 0 ]
}

# A person is there to answer.
on_terminal ()
{
  [ -z "${CI:-}" ] && [ -t 0 ] && [ -t 1 ]
}

# Number of Debian release ("12"), empty on anything else.
debian_release ()
{
  if [ -z "${PF_DEBIAN_+set}" ]; then
    PF_DEBIAN_=$(
      ID='' VERSION_ID=''
      # shellcheck disable=SC1091
      [ -r /etc/os-release ] && . /etc/os-release
      [ "$ID" = debian ] && printf '%s' "$VERSION_ID"
    ) || :
  fi
  printf '%s' "$PF_DEBIAN_"
}

# Debian's own tool where there is one: a stray one from elsewhere often is
# too new for the oldest release or lacks modules.
tool ()
{
  if [ -x "/usr/bin/$1" ]; then
    printf '/usr/bin/%s' "$1"
  else
    printf '%s' "$1"
  fi
}

# need_tool KIND TOOL...: fails with the mend if one is missing.
need_tool ()
{
  need_kind_=$1
  shift
  for need_tool_ in "$@"; do
    command -v "$need_tool_" >/dev/null 2>&1 ||
      die "$need_tool_ is not installed; mend: ./pf setup $need_kind_ (as root)"
  done
}

# Holds the build directory for this process and its children.
take_build_root ()
{
  if ! mkdir -p "$PF_BUILD_ROOT" 2>/dev/null || [ ! -w "$PF_BUILD_ROOT" ]; then
    die "cannot write to $PF_BUILD_ROOT; mend: let its owner run ./pf clean," \
      "or set PF_BUILD_DIR to a directory of your own"
  fi
  [ -z "${PF_NO_LOCK:-}" ] || return 0
  exec 9>"$PF_BUILD_ROOT/.lock" || die "cannot write to $PF_BUILD_ROOT"
  flock -n 9 || {
    say "another ./pf works in $PF_BUILD_ROOT; waiting for it"
    flock 9
  }
}
