# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# Foreign libraries to cross-compile against, of the release this is: packages
# of another architecture, fetched with apt and its checks, unpacked into the
# cache. The host's dpkg learns nothing of that architecture. Sourced by pf,
# after rootfs.sh.

# sysroot_apt DIR ARCH COMMAND...: apt-get with lists and a cache of its own,
# for that architecture; proxies and keys are the system's.
sysroot_apt ()
{
  apt_dir_=$1
  apt_arch_=$2
  shift 2
  apt-get -q -o APT::Architecture="$apt_arch_" \
    -o APT::Architectures="$apt_arch_" -o APT::Sandbox::User=root \
    -o Dir::State="$apt_dir_/state" -o Dir::State::status="$apt_dir_/status" \
    -o Dir::Cache="$apt_dir_/cache" -o Dir::Etc::sourcelist="$apt_dir_/list" \
    -o Dir::Etc::sourceparts=- -o Acquire::Languages=none "$@"
}

# Lines of a sources.list for the release CODENAME: the archive that apt uses,
# else, in a root file system without lists, what stands there.
sysroot_sources ()
{
  sources_uri_=$(debian_uri "$1")
  if [ -z "$sources_uri_" ]; then
    cat /etc/apt/sources.list
    return
  fi
  sources_key_=$(signed_by "$sources_uri_" | sed '/^$/d')
  case $sources_key_ in
    '' | *BEGIN*) sources_key_=/usr/share/keyrings/debian-archive-keyring.gpg ;;
  esac
  say "deb [signed-by=$sources_key_] $sources_uri_ $1 main"
}

# sysroot_make DIR ARCH PACKAGE...
sysroot_make ()
{
  make_dir_=$1.new
  make_arch_=$2
  shift 2
  make_apt_=$make_dir_/apt
  rm -rf --one-file-system "$make_dir_"
  mkdir -p "$make_apt_/state/lists/partial" "$make_apt_/cache/archives/partial"
  : >"$make_apt_/status"
  sysroot_sources "$PF_CODENAME" >"$make_apt_/list"
  say "fetches $make_arch_ packages into ${make_dir_%.new} (once): $*"
  sysroot_apt "$make_apt_" "$make_arch_" update >/dev/null || return 1
  (
    cd "$make_apt_/cache"
    sysroot_apt "$make_apt_" "$make_arch_" download "$@" >/dev/null
  ) || return 1
  for make_deb_ in "$make_apt_"/cache/*.deb; do
    dpkg-deb -x "$make_deb_" "$make_dir_" || return 1
  done
  rm -rf "$make_apt_"
}

# sysroot_ensure ARCH: sets PF_SYSROOT, made of the kind of packages that is
# named after the architecture.
sysroot_ensure ()
{
  PF_CODENAME=$(
    # shellcheck disable=SC1091
    . /etc/os-release
    printf '%s' "$VERSION_CODENAME"
  )
  PF_SYSROOT=$PF_CACHE/$1-$PF_CODENAME
  ensure_packages_=$(wanted_packages "$(debian_release)" "$1" |
    cut -d ' ' -f 1 | tr '\n' ' ')
  if [ -z "$ensure_packages_" ]; then
    warn "scripts/packages has no $1 packages for this release"
    return 1
  fi
  mkdir -p "$PF_CACHE"
  exec 8>"$PF_SYSROOT.lock"
  flock 8
  if [ "$(cat "$PF_SYSROOT.stamp" 2>/dev/null)" != "$ensure_packages_" ] ||
    [ ! -d "$PF_SYSROOT/usr" ]
  then
    rm -rf --one-file-system "$PF_SYSROOT" "$PF_SYSROOT.stamp"
    # shellcheck disable=SC2086
    if ! sysroot_make "$PF_SYSROOT" "$1" $ensure_packages_; then
      rm -rf --one-file-system "$PF_SYSROOT.new"
      exec 8>&-
      return 1
    fi
    mv "$PF_SYSROOT.new" "$PF_SYSROOT"
    printf '%s' "$ensure_packages_" >"$PF_SYSROOT.stamp"
  fi
  exec 8>&-
}

# sysroot_cross_file TRIPLET: a meson cross file beside the one that names the
# compiler, on standard output. RPATH, since libraries need each other too.
sysroot_cross_file ()
{
  cross_lib_=$PF_SYSROOT/usr/lib/$1
  cat <<END
[binaries]
pkgconfig = 'pkg-config'

[properties]
pkg_config_libdir = '$cross_lib_/pkgconfig'

[built-in options]
c_args = ['-isystem', '$PF_SYSROOT/usr/include',
  '-isystem', '$PF_SYSROOT/usr/include/$1']
c_link_args = ['-L$cross_lib_', '-Wl,-rpath-link,$cross_lib_',
  '-Wl,--disable-new-dtags,-rpath,$cross_lib_']
END
}
