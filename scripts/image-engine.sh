# shellcheck shell=bash
# What scripts/image and scripts/image-test share: which program builds images here, and
# Debian's packages and stand-ins for base images where there is none.

# engine sets $engine: $NDFLOW_ENGINE, or the first that works of docker (with BuildKit),
# podman and buildah; empty where there is none.
engine() {
  local e
  if [[ -n ${NDFLOW_ENGINE:-} ]]; then
    case $NDFLOW_ENGINE in
    docker | podman | buildah) ;;
    *) die "NDFLOW_ENGINE is $NDFLOW_ENGINE, want docker, podman or buildah" ;;
    esac
    works "$NDFLOW_ENGINE" || die "$NDFLOW_ENGINE does not work here; its own words are above"
    engine=$NDFLOW_ENGINE
    return
  fi
  engine=
  for e in docker podman buildah; do
    if works "$e" 2>/dev/null; then engine=$e && return; fi
  done
}

# works asks whether an engine is there and does what is wanted of it. The docker command
# is often there without a daemon, or without the builder that knows build secrets.
works() {
  case $1 in
  docker) docker info >/dev/null && docker buildx version >/dev/null ;;
  podman) podman info >/dev/null ;;
  buildah) buildah info >/dev/null ;;
  esac
}

# build ARG... builds an image of the engine's.
build() {
  case $engine in
  docker) docker buildx build --load "$@" ;;
  podman) podman build --format docker --layers "$@" ;;
  # The Docker format has health checks, which OCI's has not.
  buildah)
    if has_stand_ins; then set -- --isolation chroot "$@"; fi
    buildah build --format docker --layers --pull=false "$@"
    ;;
  esac
}

# settings sets $settings, the build's arguments that make it reach package indexes as this
# machine does. What may be private goes in as build secrets, which no image keeps.
settings() {
  local v ca=${PIP_CERT:-${SSL_CERT_FILE:-}} pip
  settings=()
  [[ ! -f $ca ]] || settings+=(--secret "id=ca,src=$ca")
  [[ -z ${GOPROXY:-} ]] || settings+=(--secret id=goproxy,env=GOPROXY)
  for pip in "${PIP_CONFIG_FILE:-}" "${XDG_CONFIG_HOME:-${HOME:-}/.config}/pip/pip.conf" "${HOME:-}/.pip/pip.conf" /etc/pip.conf; do
    if [[ -f $pip && $pip != /dev/null ]]; then
      settings+=(--secret "id=pip,src=$pip")
      break
    fi
  done
  for v in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
    [[ -z ${!v:-} ]] || settings+=(--build-arg "$v=${!v}")
  done
}

debian_base=docker.io/library/debian:bookworm-slim
go_base=docker.io/library/golang:$(sed -n 's/^ARG GO_VERSION=//p' "$here/../Dockerfile")-bookworm

# has_stand_ins asks whether the base images here are of our own making.
has_stand_ins() { [[ $(buildah inspect --type image --format '{{.OCIv1.Config.Labels}}' "$debian_base" 2>/dev/null) == *ndflow.stand-in* ]]; }

# stand_ins makes buildah the engine of a machine that has none, out of Debian's packages,
# and makes local images that stand in for the two base images, under their names, so that
# no registry is needed.
stand_ins() {
  local missing=() p
  for p in buildah mmdebstrap runc; do
    command -v "$p" >/dev/null || missing+=("$p")
  done
  if [[ ${#missing[@]} -gt 0 ]]; then
    command -v apt-get >/dev/null || die "there is no ${missing[*]} here, and no apt-get to install it" \
      'Install docker, podman or buildah.'
    [[ $EUID == 0 ]] || die "there is no ${missing[*]} here, and only root can install it" \
      "Install docker or podman, or run this as root, or 'sudo apt-get install ${missing[*]}'."
    say "installing ${missing[*]} with apt-get"
    apt-get update >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >&2
  fi
  engine=buildah
  buildah inspect --type image "$debian_base" >/dev/null 2>&1 || debian_stand_in
  buildah inspect --type image "$go_base" >/dev/null 2>&1 || go_stand_in
}

# debian_stand_in is Debian without what the official slim image leaves out too.
debian_stand_in() {
  local tree exclude=() d container
  say "making a stand-in for $debian_base with mmdebstrap"
  tree=$(mktemp -d)
  # shellcheck disable=SC2064  # the tree of now
  trap "rm -rf -- '$tree'" EXIT
  for d in doc groff info linda lintian locale man; do
    exclude+=("--dpkgopt=path-exclude=/usr/share/$d/*")
  done
  exclude+=('--dpkgopt=path-include=/usr/share/doc/*/copyright')
  # The hook and usr-is-merged save usrmerge, which brings Perl.
  mmdebstrap --quiet --variant=minbase --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=usr-is-merged \
    "${exclude[@]}" bookworm "$tree/root" >&2
  # An engine writes these into each container, and cannot where they are.
  rm -rf "$tree/root/etc/resolv.conf" "$tree/root/etc/hostname" "$tree"/root/var/{cache/apt/*.bin,lib/apt/lists/*}
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$tree/root" / >/dev/null
  buildah config --label ndflow.stand-in=debian --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd bash "$container"
  buildah commit --quiet --format docker --rm "$container" "$debian_base" >&2
  rm -rf -- "$tree"
}

# go_stand_in is Debian with Go, as the go command fetches it, and a C compiler.
go_stand_in() {
  local container goroot version
  version=${go_base#*golang:} version=go${version%-bookworm}
  command -v go >/dev/null || die 'go is missing' 'Install Go, which fetches the version for the stand-in.'
  say "making a stand-in for $go_base"
  goroot=$(cd / && GOTOOLCHAIN=$version go env GOROOT) || die "the go command cannot fetch $version"
  container=$(buildah from --pull=false "$debian_base")
  # shellcheck disable=SC2016  # sh expands it, in there
  buildah run --isolation chroot "$container" sh -c \
    'apt-get update && apt-get install -y --no-install-recommends ca-certificates g++ gcc git libc6-dev make && rm -rf /var/lib/apt/lists/*' >&2
  buildah add --quiet "$container" "$goroot" /usr/local/go >/dev/null
  buildah config --label ndflow.stand-in=go --env GOTOOLCHAIN=local --env GOPATH=/go \
    --env PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit --quiet --format docker --rm "$container" "$go_base" >&2
}
