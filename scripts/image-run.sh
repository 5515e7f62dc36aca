# shellcheck shell=bash
# How scripts/image-test runs a container of any engine's image: as the image's user, with
# a read-only root, a /tmp in memory and no network.

# contain [--cpus N] [--memory MIB] [--user UID] [--volume FROM:TO[:ro]]... ARG... runs the
# image's entry point on ARGs.
contain() {
  local options=()
  while [[ $1 == --* ]]; do
    if [[ $1 == --memory ]]; then options+=("$1=${2}m"); else options+=("$1=$2"); fi
    shift 2
  done
  case $engine in
  docker | podman) "$engine" run --rm --read-only --network none --tmpfs /tmp "${options[@]}" "$image" "$@" ;;
  buildah) run_bundle "${options[@]}" -- "$@" ;;
  esac
}

# use_image IMAGE says which image contain runs, and unpacks it where the engine has no
# command to run one.
use_image() {
  image=$1
  [[ $engine == buildah ]] || return 0
  container=$(buildah from --pull-never "$image")
  containers+=("$container")
  root=$(buildah mount "$container")
  buildah inspect --type image "$image" >"$work/image.json"
}

remove_containers() {
  local c
  for c in "${containers[@]}"; do buildah rm "$c" >/dev/null; done
}

# run_bundle [OPTION...] -- ARG... is what the engines' run command is, done by runc.
run_bundle() {
  local bundle code=0
  bundle=$(mktemp -d "$work/bundle.XXXXXX")
  (cd "$bundle" && runc spec)
  python3 - "$bundle/config.json" "$work/image.json" "$root" "$@" <<'PYTHON'
import json, os, sys

path, image, root, *rest = sys.argv[1:]
cut = rest.index("--")
options = [o[2:].split("=", 1) for o in rest[:cut]]
given = dict(options)
with open(image) as f:
    config = json.load(f)["OCIv1"]["config"]
with open(path) as f:
    spec = json.load(f)

user, _, group = given.get("user", config["User"]).partition(":")
if not user.isdigit():
    with open(root + "/etc/passwd") as f:
        _, _, user, group, *_ = next(line for line in f if line.startswith(user + ":")).split(":")
process = spec["process"]
process.update(
    terminal=False, args=config["Entrypoint"] + rest[cut + 1:], env=config["Env"],
    cwd=config.get("WorkingDir") or "/", user={"uid": int(user), "gid": int(group or 0)},
    capabilities={}, noNewPrivileges=True)
spec["root"] = {"path": root, "readonly": True}
spec["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]})
for name, value in options:
    if name == "volume":
        source, target, *mode = value.split(":")
        spec["mounts"].append({"destination": target, "type": "bind", "source": source,
                               "options": ["rbind", *(mode or ["rw"])]})
resources = spec["linux"].setdefault("resources", {})
if "cpus" in given:
    resources["cpu"] = {"period": 100000, "quota": int(float(given["cpus"]) * 100000)}
if "memory" in given:
    resources["memory"] = {"limit": int(given["memory"].rstrip("m")) << 20}
spec["linux"]["cgroupsPath"] = "/ndflow-image-test-" + os.path.basename(os.path.dirname(path))
with open(path, "w") as f:
    json.dump(spec, f)
PYTHON
  runc run --bundle "$bundle" "ndflow-image-test-${bundle##*.}" || code=$?
  rm -rf -- "$bundle"
  return "$code"
}

# image_setting NAME prints a setting of the image's: User, Entrypoint or Healthcheck.
image_setting() {
  case $engine in
  buildah) buildah inspect --type image --format "{{.Docker.Config.$1}}" "$image" ;;
  podman)
    if [[ $1 == Healthcheck ]]; then set -- HealthCheck; else set -- "Config.$1"; fi
    podman image inspect --format "{{.$1}}" "$image"
    ;;
  *) "$engine" inspect --type image --format "{{.Config.$1}}" "$image" ;;
  esac
}

# image_files prints the paths of the files in the image.
image_files() {
  local c
  case $engine in
  buildah) (cd "$root" && find . -type f) ;;
  *)
    c=$("$engine" create "$image")
    "$engine" export "$c" | tar t | sed 's,^,./,'
    "$engine" rm "$c" >/dev/null
    ;;
  esac
}

# compressed_size prints how many bytes the image is when it is pushed, its layers
# compressed by gzip as well as it can.
compressed_size() {
  case $engine in
  buildah | podman)
    "$engine" push --quiet --compression-format gzip --compression-level 9 "$image" "dir:$work/pushed" >&2
    du -sb --exclude=version "$work/pushed" | cut -f 1
    rm -rf "$work/pushed"
    ;;
  docker) docker save "$image" | gzip -9 -c | wc -c ;;
  esac
}
