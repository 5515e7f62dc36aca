# shellcheck shell=bash
# What scripts/libtensorflow, scripts/python and scripts/basic-pitch share: the cache, the
# lock, pip. Each of them makes one folder of the user's cache, once, and prints where it is.
#
# Two rules hold for all of them. A folder of the cache that bears its final name is whole:
# it was made under another name and renamed as the last step. And stdout carries nothing
# but the answer; all that is said on the way goes to stderr.

set -euo pipefail
umask 022

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
self=scripts/${0##*/}
# shellcheck source=scripts/versions
source "$here/versions"

say() { printf '%s: %s\n' "$self" "$*" >&2; }

# die WHAT [MORE...] says what is wrong, each further argument on a line of its own.
die() {
  say "$1"
  shift
  [[ $# -eq 0 ]] || printf '  %s\n' "$@" >&2
  exit 1
}

# usage_error is for a command line that cannot be understood.
usage_error() {
  say "$*"
  printf '  %s --help tells more\n' "$self" >&2
  exit 2
}

# cache_dir sets $cache, the folder that holds all of ndflow's downloads.
cache_dir() {
  if [[ -n ${XDG_CACHE_HOME:-} ]]; then
    [[ $XDG_CACHE_HOME == /* ]] || die "XDG_CACHE_HOME is not an absolute path: $XDG_CACHE_HOME"
    cache=$XDG_CACHE_HOME/ndflow
  elif [[ -n ${HOME:-} ]]; then
    cache=$HOME/.cache/ndflow
  else
    die 'neither XDG_CACHE_HOME nor HOME is set, so there is no cache folder'
  fi
}

# in_cache NAME WHOLE MIB MAKE makes the folder NAME of the cache and sets $dir to it. It
# is taken as it is if the file WHOLE is in it. Otherwise, with MIB mebibytes free on the
# disk, MAKE is called in a work folder beside it; what it leaves in ./new is the folder.
in_cache() {
  local name=$1 whole=$2 mib=$3 make=$4
  cache_dir
  dir=$cache/$name
  if [[ -e $dir/$whole ]]; then return; fi

  mkdir -p "$cache" || die "cannot make the cache folder $cache" \
    'Set XDG_CACHE_HOME to a folder that can be written to.'
  [[ -w $cache ]] || die "cannot write to the cache folder $cache" \
    'Set XDG_CACHE_HOME to a folder that can be written to.'
  command -v flock >/dev/null || die 'flock is missing' 'It is in the package util-linux.'

  # The lock ends with this process, however it ends; the file stays, since removing it
  # would let two runs lock two different files of this name. Children do not inherit it
  # (9>&-), or a killed run's pip would hold up the next run.
  exec 9>"$cache/.$name.lock"
  if ! flock -n 9; then
    say "waiting for another run that is making $dir"
    flock 9
    if [[ -e $dir/$whole ]]; then return; fi
  fi

  # Whoever holds the lock is alone, so other work folders belong to runs that were killed.
  # A pip that outlived its run may still be writing in one: then some of it stays until
  # the next run, which is why rm may fail.
  rm -rf -- "$cache/.$name".work.* 2>/dev/null || true
  need_space "$cache" "$mib"

  work=$(mktemp -d "$cache/.$name.work.XXXXXX")
  trap 'rm -rf -- "$work" 2>/dev/null || true' EXIT
  (
    cd "$work"
    mkdir new tmp
    export TMPDIR=$work/tmp # pip's copies belong on the disk whose space was checked
    "$make"
  ) 9>&-
  [[ -e $work/new/$whole ]] || die "did not make $name/$whole; this is a mistake in $self"
  rm -rf -- "$dir" # only there if something in it went missing
  mv -T -- "$work/new" "$dir"
  rm -rf -- "$work"
  say "made $dir"
}

# need_space DIR MIB dies if the disk that DIR is on has less than MIB mebibytes free.
need_space() {
  local free
  free=$(LC_ALL=C df -Pk -- "$1" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }') || return 0
  [[ $free =~ ^[0-9]+$ ]] || return 0
  [[ $free -ge $2 ]] || die "not enough space: $2 MiB are needed and $free MiB are free in $1" \
    'Free some, or set XDG_CACHE_HOME to a folder on a larger disk.'
}

# need_python sets $python: $PYTHON, or else python3.
need_python() {
  python=${PYTHON:-python3}
  command -v "$python" >/dev/null || die "$python is missing" \
    'Install Python 3 with pip, or set PYTHON to an interpreter.'
  "$python" -c 'import sys, zipfile; sys.exit(sys.version_info < (3, 8))' 2>/dev/null ||
    die "$(command -v "$python") is not a whole Python 3.8 or newer" \
      'Set PYTHON to an interpreter that is.'
  "$python" -m pip --version >/dev/null 2>&1 || die "$(command -v "$python") has no pip" \
    "Install it ('apt-get install python3-pip' on Debian and Ubuntu, or '$python -m ensurepip')," \
    'or set PYTHON to an interpreter that has it.'
}

# python_version prints the interpreter's version as 3.12.
python_version() { "$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

# pip ARG... runs pip with the user's own configuration, so indexes, mirrors, proxies and
# certificates are what they always are. Only what would make it work on the user's
# packages, or refuse to because it might, is turned off. Its words go to stderr, and into
# ./pip.log so that pip_failed can tell what went wrong.
pip() {
  local quiet=(--quiet --progress-bar off)
  [[ -t 2 ]] && quiet=()
  PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 \
    "$python" -m pip "$@" "${quiet[@]}" 1>&2 2>pip.log
}

# pip_failed WHAT says that pip did not get WHAT, and why as far as can be told.
pip_failed() {
  cat pip.log >&2
  if grep -qF '[Errno 28]' pip.log; then # its words are in the user's language
    die "the disk filled up while pip fetched $1"
  elif grep -qE 'No matching distribution|Could not find a version' pip.log; then
    die "pip finds no $1" \
      'Either the package index cannot be reached from here or it does not have it;' \
      "pip's own words are above. Its index, proxy and certificates are set as always:" \
      'by pip.conf or PIP_INDEX_URL, PIP_FIND_LINKS, PIP_PROXY, PIP_CERT.'
  fi
  die "pip could not fetch $1" "pip's own words are above."
}

# pip_wheel PACKAGE VERSION ARG... downloads one wheel, with nothing that it depends on,
# and sets $wheel to it.
pip_wheel() {
  local package=$1 version=$2
  shift 2
  mkdir wheel
  pip download --no-deps --only-binary=:all: --dest wheel "$@" "$package==$version" ||
    pip_failed "wheel of $package $version${*:+ for ${*//--/}}"
  wheel=$(echo wheel/*.whl)
  [[ -f $wheel ]] || die "pip said that it fetched $package $version but left no wheel"
}

# unpack WHEEL FROM TO [FROM TO]... takes files out of a wheel. FROM is a file, or a folder
# when it ends in a slash.
unpack() {
  "$python" - "$@" <<'PYTHON' || die "cannot unpack ${1##*/}"
import os, shutil, sys, zipfile

wheel, pairs = sys.argv[1], list(zip(sys.argv[2::2], sys.argv[3::2]))
try:
    with zipfile.ZipFile(wheel) as z:
        names = z.namelist()
        for source, target in pairs:
            found = [n for n in names if n.startswith(source)] if source.endswith("/") else \
                    [n for n in names if n == source]
            if not found:
                sys.exit("  it has no %s" % source)
            for name in found:
                if name.endswith("/"):
                    continue
                to = target + name[len(source):]
                if ".." in to.split("/"):
                    sys.exit("  it has a file that would land outside: %s" % name)
                os.makedirs(os.path.dirname(to) or ".", exist_ok=True)
                with z.open(name) as r, open(to, "wb") as w:
                    shutil.copyfileobj(r, w, 1 << 20)
except (OSError, zipfile.BadZipFile) as e:
    sys.exit("  %s" % e)
PYTHON
}

# only_linux dies elsewhere than on Linux with glibc and sets $arch to Go's name for the
# machine and $machine to the wheels'.
only_linux() {
  [[ $(uname -s) == Linux ]] || die "there is no $1 to fetch for $(uname -s), only for Linux" \
    'Set NDFLOW_LIBTENSORFLOW to a library of your own.'
  machine=$(uname -m)
  case $machine in
  x86_64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 machine=aarch64 ;;
  *) die "there is no $1 to fetch for $machine, only for x86_64 and aarch64" \
    'Set NDFLOW_LIBTENSORFLOW to a library of your own.' ;;
  esac
}

# need_glibc VERSION dies if the C library is another or older.
need_glibc() {
  local have
  have=$(getconf GNU_LIBC_VERSION 2>/dev/null) || have=
  have=${have#glibc }
  [[ -n $have ]] || die "this system's C library is not glibc, which TensorFlow's wheels are built for" \
    'Use a distribution with glibc (Debian, Ubuntu, Fedora, ...), or set NDFLOW_LIBTENSORFLOW' \
    'to a library built for this one.'
  [[ $(printf '%s\n' "$1" "$have" | sort -V | head -n 1) == "$1" ]] ||
    die "this system has glibc $have; TensorFlow's wheels need $1 or newer"
}

# tensorflow_package prints the name of the CPU-only package for $arch.
tensorflow_package() {
  case $arch in
  amd64) echo tensorflow-cpu ;;
  arm64) echo tensorflow ;; # tensorflow-cpu has no wheel for it; this one is CPU only there
  esac
}
