# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# ./pf setup: the Debian packages of scripts/packages, and nothing else.
# Sourced by pf.

PF_BACKPORTS_FILE=/etc/apt/sources.list.d/gst-punktfunk-backports.sources

# wanted_packages RELEASE KIND...: lines "package source version"; source is
# "-" or "backports", version is "-" or a lower bound.
wanted_packages ()
{
  wanted_release_=$1
  shift
  awk -v release="$wanted_release_" -v kinds=" $* " '
    /^#/ || NF == 0 { next }
    index (kinds, " " $1 " ") && ($2 == "*" || $2 == release) {
      source = sub (/\/backports$/, "", $3) ? "backports" : "-"
      print $3, source, (NF > 3 ? $4 : "-")
    }' "$PF_TOP/scripts/packages"
}

# Of the lines on standard input those that are not installed, or too old.
missing_packages ()
{
  missing_wanted_=$(cat)
  missing_names_=$(printf '%s\n' "$missing_wanted_" | cut -d ' ' -f 1)
  # dpkg-query complains about each name it does not know: that is the answer.
  # shellcheck disable=SC2086
  missing_have_=$(dpkg-query -W -f '${Package} ${db:Status-Status} ${Version}\n' \
    $missing_names_ 2>/dev/null) || :
  {
    printf '%s\n' "$missing_have_"
    printf '%s\n' "$missing_wanted_"
  } | awk '$2 == "installed" { have[$1] = $3; next }
    NF == 3 && $2 ~ /^(-|backports)$/ {
      print $0, ($1 in have ? have[$1] : "absent")
    }' |
    while read -r package source version have; do
      if [ "$have" = absent ] || { [ "$version" != - ] &&
        dpkg --compare-versions "$have" lt "$version"; }; then
        printf '%s %s %s\n' "$package" "$source" "$version"
      fi
    done
}

# Sets PF_AS_ROOT to the words that make a command run as root; fails when
# this user has no way.
find_root ()
{
  PF_AS_ROOT=
  is_root && return 0
  command -v sudo >/dev/null 2>&1 || return 1
  PF_AS_ROOT=sudo
  sudo -n true 2>/dev/null && return 0
  # A password may be asked for, where somebody can type it.
  on_terminal || return 1
  case " $(id -nG) " in
    *' sudo '* | *' wheel '* | *' admin '*) return 0 ;;
  esac
  return 1
}

# Lines "release uri" of the main archive that apt uses, as it says itself:
# whatever form the sources have, third-party ones left out.
debian_sources ()
{
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)|$(RELEASE)' \
    'Created-By: Packages' 2>/dev/null |
    awk -F '|' '$1 ~ /^Debian( Backports)?$/ && $4 == "main" { print $3, $5 }'
}

# The archive of release CODENAME that apt uses: its URI.
debian_uri ()
{
  debian_sources | awk -v codename="$1" '$1 == codename { print $2; exit }'
}

# signed_by URI: what the source of that archive says in Signed-By, as it
# would stand in a .sources file (a path, or a key on several lines). Of several
# sources the first one counts.
signed_by ()
{
  for signed_file_ in /etc/apt/sources.list.d/*.sources; do
    [ -r "$signed_file_" ] || continue
    signed_key_=$(awk -v uri="${1%/}" '
      function stanza_end () {
        if (match_uri && key != "" && !done) { printf "%s", key; done = 1 }
        match_uri = 0; key = ""; in_key = 0
      }
      /^#/ { next }
      /^[ \t]*$/ { stanza_end (); next }
      /^[ \t]/ { if (in_key) key = key "\n" $0; next }
      {
        in_key = 0
        field = tolower ($0); sub (/:.*/, "", field)
        value = $0; sub (/^[^:]*:[ \t]*/, "", value)
        if (field == "uris") {
          n = split (value, uris, /[ \t]+/)
          for (i = 1; i <= n; i++) {
            sub (/\/$/, "", uris[i])
            if (uris[i] == uri) match_uri = 1
          }
        }
        if (field == "signed-by") { key = value; in_key = 1 }
      }
      END { stanza_end () }' "$signed_file_")
    if [ -n "$signed_key_" ]; then
      printf '%s' "$signed_key_"
      return
    fi
  done
  for signed_file_ in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$signed_file_" ] || continue
    signed_key_=$(awk -v uri="${1%/}" '
      /^deb[ \t]+\[/ {
        options = $0; sub (/^deb[ \t]+\[/, "", options)
        rest = options; sub (/\].*/, "", options); sub (/^[^]]*\][ \t]*/, "", rest)
        split (rest, words, /[ \t]+/); sub (/\/$/, "", words[1])
        if (words[1] == uri && match (options, /signed-by=[^ \t]+/)) {
          print substr (options, RSTART + 10, RLENGTH - 10)
          exit
        }
      }' "$signed_file_")
    if [ -n "$signed_key_" ]; then
      printf '%s' "$signed_key_"
      return
    fi
  done
}

# The text of our backports source, for release CODENAME.
backports_source ()
{
  backports_uri_=$(debian_uri "$1")
  [ -n "$backports_uri_" ] || return 1
  backports_key_=$(signed_by "$backports_uri_" | sed '/^$/d')
  [ -n "$backports_key_" ] ||
    backports_key_=/usr/share/keyrings/debian-archive-keyring.gpg
  printf '# Made by ./pf setup of gst-punktfunk. Packages from here are taken by name\n'
  printf '# only: backports keep the low priority that their archive asks for.\n'
  printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\nSigned-By:%s\n' \
    "$backports_uri_" "$1" \
    "$(case $backports_key_ in
      *BEGIN*) printf '\n%s' "$backports_key_" ;;
      *) printf ' %s' "$backports_key_" ;;
    esac)"
}

# Makes apt know CODENAME-backports, with the key and from the place of the
# archive it already uses. PF_BACKPORTS_ADDED says whether it did not before.
enable_backports ()
{
  debian_sources | grep -q "^$1-backports " && return 0
  if ! backports_text_=$(backports_source "$1"); then
    warn "apt has no source for Debian $1 main; mend: add one, then again"
    return 1
  fi
  say "adds $PF_BACKPORTS_FILE ($1-backports, low priority)"
  # shellcheck disable=SC2016
  printf '%s\n' "$backports_text_" |
    $PF_AS_ROOT sh -c 'umask 022; cat >"$1"' sh "$PF_BACKPORTS_FILE" || return 1
  if ! $PF_AS_ROOT apt-get update -q \
    -o Dir::Etc::sourcelist="$PF_BACKPORTS_FILE" -o Dir::Etc::sourceparts=- \
    -o APT::Get::List-Cleanup=0 >/dev/null ||
    ! debian_sources | grep -q "^$1-backports "; then
    $PF_AS_ROOT rm -f "$PF_BACKPORTS_FILE"
    warn "the mirror has no $1-backports; mend: add a source that has, then again"
    return 1
  fi
  PF_BACKPORTS_ADDED=yes
}

# Reads "apt-get -s install"; prints what it would do, with sizes.
show_plan ()
{
  plan_inst_=$(sed -n 's/^Inst //p')
  plan_names_=$(printf '%s\n' "$plan_inst_" |
    sed 's/^\([^ ]*\) \(\[[^]]*\] \)\{0,1\}(\([^ ]*\).*/\1=\3/')
  # shellcheck disable=SC2086
  {
    printf '%s\n' "$plan_inst_" | sed 's/^/Inst /'
    apt-cache show --no-all-versions $plan_names_ 2>/dev/null || :
  } | awk -v columns="${COLUMNS:-80}" '
    function human (bytes) {
      if (bytes >= 1e9) return sprintf ("%.1f GB", bytes / 1e9)
      if (bytes >= 1e6) return sprintf ("%.1f MB", bytes / 1e6)
      return sprintf ("%d kB", (bytes + 999) / 1e3)
    }
    function flow (title, names,    n, i, words, text, line) {
      n = split (names, words, "\n") - 1
      line = title
      for (i = 1; i <= n; i++) {
        text = words[i] " " human (size[words[i]] + 0) (i < n ? "," : "")
        if (length (line) + 1 + length (text) > columns) {
          print line
          line = "   "
        }
        line = line " " text
      }
      print line
    }
    $1 == "Inst" {
      name = $2
      if (!(name in kind)) order[++count] = name
      kind[name] = $3 ~ /^\[/ ? "upgrade" : "add"
      next
    }
    $1 == "Package:" { name = $2 }
    $1 == "Size:" { if (!(name in size)) size[name] = $2 }
    $1 == "Installed-Size:" { if (!(name in disk)) disk[name] = $2 * 1024 }
    END {
      for (i = 1; i <= count; i++) {
        name = order[i]
        list[kind[name]] = list[kind[name]] name "\n"
        many[kind[name]]++
        # A name with its architecture is shown under its own name.
        bare = name; sub (/:.*/, "", bare)
        if (!(name in size)) { size[name] = size[bare]; disk[name] = disk[bare] }
        fetch += size[name]
        if (kind[name] == "add") room += disk[name]
      }
      if (many["add"]) flow (sprintf ("adds %d:", many["add"]), list["add"])
      if (many["upgrade"])
        flow (sprintf ("upgrades %d:", many["upgrade"]), list["upgrade"])
      printf "to fetch %s, on disk %s more\n", human (fetch), human (room)
    }'
}

# The one line for root when this user cannot install.
print_root_line ()
{
  print_names_=$(printf '%s' "$2" | tr '\n' ' ')
  say "missing packages: $print_names_"
  say "this user cannot install them; as root, run this one line:"
  if [ "$3" = yes ]; then
    # The last kind is the name of a set that has the others too.
    say "  $PF_TOP/pf setup --yes ${1##* }"
  else
    say "  apt-get update && apt-get install --no-install-recommends" \
      "--no-remove $print_names_"
  fi
}

# setup_packages RELEASE KIND...: 0 when all is there.
setup_packages ()
{
  setup_release_=$1
  shift
  setup_kinds_="$*"
  setup_missing_=$(wanted_packages "$setup_release_" "$@" | missing_packages)
  [ -n "$setup_missing_" ] || return 0
  setup_names_=$(printf '%s\n' "$setup_missing_" | cut -d ' ' -f 1)
  setup_backports_=no
  PF_BACKPORTS_ADDED=
  case $setup_missing_ in
    *' backports '*) setup_backports_=yes ;;
  esac

  if ! find_root; then
    print_root_line "$setup_kinds_" "$setup_names_" "$setup_backports_"
    return 1
  fi

  setup_codename_=$(
    # shellcheck disable=SC1091
    . /etc/os-release
    printf '%s' "$VERSION_CODENAME"
  )
  say "reads apt's package lists"
  # A third party's broken source is not ours to judge: what we need is
  # either known afterwards or not.
  $PF_AS_ROOT apt-get update -q -o DPkg::Lock::Timeout=300 >/dev/null ||
    warn "apt-get update was not all right; going on with what it has"
  if [ "$setup_backports_" = yes ]; then
    enable_backports "$setup_codename_" || return 1
  fi
  setup_args_=$(printf '%s\n' "$setup_missing_" |
    awk -v suite="$setup_codename_-backports" \
      '{ print $1 ($2 == "backports" ? "/" suite : "") }')

  # shellcheck disable=SC2086
  if ! setup_plan_=$(LC_ALL=C apt-get -s install --no-install-recommends \
    $setup_args_ 2>&1); then
    printf '%s\n' "$setup_plan_" | grep -E '^(E:| )' >&2 || :
    warn "apt cannot install: $(printf '%s ' $setup_args_)"
    warn "mend: look at the lines above (held or mixed packages?), then again"
    return 1
  fi
  if printf '%s\n' "$setup_plan_" | grep -q '^Remv '; then
    warn "apt would have to remove:$(printf '%s\n' "$setup_plan_" |
      sed -n 's/^Remv \([^ ]*\).*/ \1/p' | tr -d '\n')"
    warn "nothing was changed; mend: decide about these yourself, then again"
    return 1
  fi
  printf '%s\n' "$setup_plan_" | show_plan
  if [ "${PF_YES:-no}" != yes ] && on_terminal; then
    printf 'Go on? [Y/n] '
    read -r setup_answer_ || setup_answer_=n
    case $setup_answer_ in
      '' | [yY] | [yY][eE][sS]) ;;
      *)
        if [ -n "$PF_BACKPORTS_ADDED" ]; then
          $PF_AS_ROOT rm -f "$PF_BACKPORTS_FILE"
          say "took $PF_BACKPORTS_FILE away again"
        fi
        say "nothing was installed"
        return 1
        ;;
    esac
  fi
  say "installs ..."
  # On a terminal apt shows how far it is.
  setup_quiet_=-qq
  setup_output_=/dev/null
  if on_terminal; then
    setup_quiet_=-q
    setup_output_=/dev/tty
  fi
  # shellcheck disable=SC2086
  if ! $PF_AS_ROOT env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y "$setup_quiet_" --no-install-recommends --no-remove \
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 $setup_args_ \
    </dev/null >"$setup_output_"
  then
    warn "apt-get failed (its words are above); mend: solve that, then again"
    return 1
  fi
  setup_missing_=$(wanted_packages "$setup_release_" "$@" | missing_packages)
  if [ -n "$setup_missing_" ]; then
    warn "still missing or too old after apt:" \
      "$(printf '%s\n' "$setup_missing_" | tr '\n' ';')"
    return 1
  fi
}

# setup_kinds KIND...: installs, or says what is missing and goes on. The
# result tells which.
setup_kinds ()
{
  [ -z "${PF_NO_SETUP:-}" ] || return 0
  setup_debian_=$(debian_release)
  case $setup_debian_ in
    12 | 13) setup_packages "$setup_debian_" "$@" ;;
    *)
      if [ -z "${PF_SAID_OTHER_:-}" ]; then
        PF_SAID_OTHER_=yes
        say "this is neither Debian 12 nor 13: install by hand what" \
          "scripts/packages lists ($*)"
      fi
      return 1
      ;;
  esac
}
