# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# A Debian 13 root file system to build and test in: made with mmdebstrap from
# the mirror apt uses, kept outside the tree, made anew when it is absent or
# when scripts/packages asks for other packages. Root makes and enters it as
# root; anybody else in a user namespace. Sourced by pf, after setup.sh.

if is_root; then
  PF_CACHE=${PF_CACHE_DIR:-/var/cache/gst-punktfunk}
else
  PF_CACHE=${PF_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/gst-punktfunk}
fi

# Options that carry apt's own settings about the network into mmdebstrap.
rootfs_apt_options ()
{
  apt-config dump 2>/dev/null |
    sed -n 's/^\(Acquire::\(Check-[A-Za-z-]*\|https\{0,1\}::Proxy\|https\{0,1\}::Proxy::[^ ]*\|Retries\)\) "\(.*\)";$/\1 "\3"/p'
}

# rootfs_mirror: URI of the archive.
rootfs_mirror ()
{
  mirror_codename_=$(
    # shellcheck disable=SC1091
    . /etc/os-release
    printf '%s' "${VERSION_CODENAME:-}"
  )
  mirror_uri_=$(debian_uri "$mirror_codename_")
  case $mirror_uri_ in
    mirror+file:*)
      # A list of mirrors; the first will do.
      mirror_uri_=$(sed -n 's/^\([a-z+]*:[^[:space:]]*\).*/\1/p' \
        "${mirror_uri_#mirror+file:}" | head -n 1)
      ;;
  esac
  printf '%s' "$mirror_uri_"
}

# In a namespace of its own where root is this user.
rootfs_unshare ()
{
  if is_root; then
    unshare --mount --pid --fork -- "$@"
  else
    unshare --map-root-user --map-auto --mount --pid --fork -- "$@"
  fi
}

# Says what keeps an ordinary user from making one; nothing when all is well.
rootfs_obstacle ()
{
  if ! command -v mmdebstrap >/dev/null 2>&1; then
    say "mmdebstrap is not installed; mend: ./pf setup test (as root)"
  elif is_root; then
    unshare --mount true 2>/dev/null ||
      say "root may not make a mount namespace here (a container without" \
        "that right?); mend: run it on a machine or a VM"
  elif ! command -v newuidmap >/dev/null 2>&1; then
    say "newuidmap is not installed; mend: apt-get install uidmap (as root)"
  elif ! grep -q "^$(id -un):" /etc/subuid 2>/dev/null; then
    say "no subordinate ids; mend: as root: usermod --add-subuids" \
      "100000-165535 --add-subgids 100000-165535 $(id -un)"
  elif ! unshare --map-root-user --map-auto --mount true 2>/dev/null; then
    say "the kernel gives this user no user namespace; mend: run as root, or" \
      "outside of a chroot or container"
  fi
}

rootfs_make ()
{
  make_dir_=$1
  shift
  make_include_=$(wanted_packages 13 "$@" | cut -d ' ' -f 1 | tr '\n' ',')
  make_mirror_=$(rootfs_mirror)
  [ -n "$make_mirror_" ] ||
    die "apt has no source for Debian main; mend: add one, run apt-get update"
  make_source_="deb $make_mirror_ trixie main"
  say "makes a Debian 13 root file system in $make_dir_ (once, some minutes)"
  rm -rf --one-file-system "$make_dir_.new"
  mkdir -p "$make_dir_.new"

  set -- --variant=apt --include="${make_include_%,}" \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*'
  make_options_=$(rootfs_apt_options)
  while read -r make_option_; do
    [ -z "$make_option_" ] || set -- "$@" --aptopt="$make_option_"
  done <<END
$make_options_
END
  # /dev comes from outside when it is entered.
  if is_root; then
    mmdebstrap --mode=root --quiet "$@" trixie "$make_dir_.new" "$make_source_"
  else
    mmdebstrap --mode=unshare --quiet --format=tar "$@" trixie - \
      "$make_source_" |
      rootfs_unshare tar -x -C "$make_dir_.new" --exclude='./dev/*' \
        --numeric-owner -f -
  fi || return 1
  # A pipe hides mmdebstrap's own failure: a whole one has a compiler.
  [ -e "$make_dir_.new/usr/bin/gcc" ] || return 1
  mkdir -p "$make_dir_.new/src" "$make_dir_.new/build"
}

# rootfs_remove DIR: also what belongs to mapped users.
rootfs_remove ()
{
  [ -e "$1" ] || return 0
  if is_root; then
    rm -rf --one-file-system "$1"
  else
    rootfs_unshare rm -rf --one-file-system "$1"
  fi
}

# rootfs_ensure NAME KIND...: sets PF_ROOTFS.
rootfs_ensure ()
{
  PF_ROOTFS=$PF_CACHE/$1
  shift
  ensure_stamp_=$(
    say "layout 1"
    wanted_packages 13 "$@"
  )
  mkdir -p "$PF_CACHE"
  exec 8>"$PF_ROOTFS.lock"
  flock 8
  if [ "$(cat "$PF_ROOTFS.stamp" 2>/dev/null)" != "$ensure_stamp_" ] ||
    [ ! -d "$PF_ROOTFS/src" ]
  then
    rm -f "$PF_ROOTFS.stamp"
    rootfs_remove "$PF_ROOTFS"
    rootfs_remove "$PF_ROOTFS.new"
    if ! rootfs_make "$PF_ROOTFS" "$@"; then
      rootfs_remove "$PF_ROOTFS.new"
      exec 8>&-
      return 1
    fi
    mv "$PF_ROOTFS.new" "$PF_ROOTFS"
    printf '%s\n' "$ensure_stamp_" >"$PF_ROOTFS.stamp"
  fi
  exec 8>&-
}

# rootfs_run BUILD-DIR COMMAND...: in PF_ROOTFS, with the tree at /src and the
# build directory at /build. The environment is a fresh one.
rootfs_run ()
{
  run_build_=$1
  shift
  mkdir -p "$run_build_"
  # shellcheck disable=SC2016
  rootfs_unshare sh -c '
    set -eu
    root=$1 top=$2 build=$3
    shift 3
    mount --make-rprivate /
    mount --bind "$top" "$root/src"
    mount --bind "$build" "$root/build"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    cd "$root"
    exec chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp \
      LANG=C.UTF-8 TERM="${TERM:-dumb}" "$@"' \
    sh "$PF_ROOTFS" "$PF_TOP" "$run_build_" "$@"
}

# lane_trixie LANE SUITES: the given lanes (PF_TRIXIE_LANES) inside.
lane_trixie ()
{
  trixie_obstacle_=$(rootfs_obstacle)
  if [ -n "$trixie_obstacle_" ]; then
    say "---- $1: $trixie_obstacle_"
    result fail "$1" rootfs "$trixie_obstacle_"
    return 0
  fi
  # shellcheck disable=SC2086
  if ! rootfs_ensure "$PF_TRIXIE_NAME" $PF_TRIXIE_KINDS; then
    result fail "$1" rootfs "could not be made; mend: see mmdebstrap's words above"
    return 0
  fi
  result pass "$1" rootfs
  trixie_build_=$PF_BUILD_ROOT/$PF_TRIXIE_NAME
  mkdir -p "$trixie_build_"
  : >"$trixie_build_/results"
  # shellcheck disable=SC2086
  rootfs_run "$trixie_build_" \
    PF_BUILD_DIR=/build PF_NO_SETUP=1 PF_NO_LOCK=1 CI="${CI:-}" \
    PF_LANE_PREFIX="$1/" PF_RESULTS=/build/results \
    PF_TEST_PLANT="${PF_TEST_PLANT:-}" PF_TEST_SEED="${PF_TEST_SEED:-}" \
    PF_FUZZ_SECONDS="${PF_FUZZ_SECONDS:-}" \
    /src/pf lanes "$2" $PF_TRIXIE_LANES ||
    result fail "$1" rootfs "running in it failed"
  cat "$trixie_build_/results" >>"$PF_RESULTS"
}
