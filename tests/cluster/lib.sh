# shellcheck shell=bash
# Addresses, places and helpers that the scripts beside this file share. Sourced, never run.
# shellcheck disable=SC2034  # what is not used here is used by those scripts

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=$HOME/.cache/kubectl-b2i
DIR=${CLUSTER_DIR:-$CACHE/cluster}      # programs, logs and state of the cluster
BIN=$DIR/bin
HOST=10.250.0.1                         # the bridge: this machine, seen from the nodes
API=10.250.0.11                         # node 1
REGISTRY=$HOST:5000
REGISTRY_USER=dev
REGISTRY_PASSWORD=s3cret
MAX_NODES=9
DISTRIBUTION=v3.0.0                     # the first of the third series; 2.8 is the cluster's own
CRANE=v0.20.7                           # google/go-containerregistry; needs Go 1.24 as Kubernetes does
KREW=v0.4.3
TOXIPROXY=v2.12.0                       # Shopify/toxiproxy, which cuts connections in the tests
PATH=$PATH:$CACHE/bin                   # crane, and kubectl where the machine has none
KUBERNETES=$(awk '$1 == "k8s.io/kubernetes" { print $2; exit }' "$HERE/go.mod")

say() { echo "${SPEAKER:-cluster}: $*" >&2; }
die() { say "$*"; exit 1; }

# What a node needs outside $DIR. Socket paths may have 107 bytes only, so they can't be below $HOME.
node_run() { echo "/run/b2i-node$1"; }
node_ip() { echo "10.250.0.$((10 + $1))"; }
in_node() { local n=$1; shift; nsenter --net="/run/netns/b2i-node$n" "$@"; }

quietly() { # LOG COMMAND...: its output goes into the log, and to the console only when it fails
  local log=$1; shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 </dev/null || { tail -n 30 "$log" >&2; say "failed: $* (all of it in $log)"; return 1; }
}

must_be_root() { [ "$(id -u)" = 0 ] || die "needs root (namespaces, mounts, cgroups); run it as root or with sudo -E"; }

# One at a time. File descriptor 9 holds the lock: whatever outlives the script must be started with 9>&-.
take_lock() {
  mkdir -p "$DIR"
  exec 9>"$DIR/.lock"
  flock -n 9 || { say "waiting for another run of these scripts"; flock 9; }
}

# Debian packages for COMMANDS that are missing: `packages etcd=etcd-server runc=runc`. A name with a slash is a file.
packages() {
  local pair need=() fresh=()
  for pair in "$@"; do
    case $pair in
      /*) [ -e "${pair%%=*}" ] ;;
      *) command -v "${pair%%=*}" >/dev/null ;;
    esac || need+=("${pair#*=}")
  done
  [ ${#need[@]} = 0 ] && return
  say "installing ${need[*]}"
  mkdir -p "$CACHE/log"
  ( # several scripts may want something at the same time
    flock 8
    quietly "$CACHE/log/apt" apt-get update -qq &&
      DEBIAN_FRONTEND=noninteractive quietly "$CACHE/log/apt" apt-get install -qq -y --no-install-recommends "${need[@]}"
  ) 8>"$CACHE/.apt.lock" || die "install by hand, then run this again: ${need[*]}"
  # Debian starts what it installs; here the programs are wanted, not the services (one would take port 5000).
  [ -d /run/systemd/system ] || return 0
  for pair in "${need[@]}"; do
    case $pair in etcd-server) fresh+=(etcd) ;; docker-registry | containerd) fresh+=("$pair") ;; esac
  done
  [ ${#fresh[@]} = 0 ] || systemctl disable -q --now "${fresh[@]}"
}

# Is the process of that pid file still the one that was started? (Ids are used again.)
alive() { # NAME
  local pid
  pid=$(cat "$DIR/pid/$1" 2>/dev/null) && grep -qF "$DIR" "/proc/$pid/cmdline" 2>/dev/null
}

# Starts COMMAND in the background unless it runs: one process, its log and its pid below $DIR.
# What is started must hold none of the locks that whoever starts it holds.
spawn() { # NAME COMMAND...
  local name=$1; shift
  if alive "$name"; then return; fi
  setsid nohup "$@" >"$DIR/log/$name" 2>&1 </dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  echo $! >"$DIR/pid/$name"
}

spawn_in() { # NODE NAME COMMAND...
  local n=$1 name=$2; shift 2
  spawn "$name" nsenter --net="/run/netns/b2i-node$n" "$@"
}

start_apiserver() { # without waiting for it
  local pki=$DIR/pki
  spawn_in 1 apiserver "$BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --advertise-address=$API --secure-port=6443 \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
    --kubelet-client-certificate="$pki/admin.crt" --kubelet-client-key="$pki/admin.key" \
    --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
    --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
    --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range=10.96.0.0/16
}

start_controllers() {
  spawn_in 1 controller-manager "$BIN/kube-controller-manager" --kubeconfig="$DIR/controller.conf" --leader-elect=false \
    --service-account-private-key-file="$DIR/pki/sa.key" --root-ca-file="$DIR/pki/ca.crt" \
    --use-service-account-credentials=true --node-monitor-grace-period=20s
  spawn_in 1 scheduler "$BIN/kube-scheduler" --kubeconfig="$DIR/controller.conf" --leader-elect=false
}

# Repeats COMMAND until it succeeds. NAME is the log to look at; a dead process is not waited for.
wait_for() { # NAME WHAT COMMAND...
  local name=$1 what=$2 deadline=$((SECONDS + 90)); shift 2
  until "$@" >/dev/null 2>&1 9>&-; do
    if ! alive "$name"; then tail -n 5 "$DIR/log/$name" >&2; die "$what ended; see $DIR/log/$name, then run \`up\` again"; fi
    [ $SECONDS -lt $deadline ] || die "$what did not come up in 90 s; see $DIR/log/$name, then run \`up\` again"
    sleep 0.15
  done
}

kube() { kubectl --kubeconfig="$DIR/kubeconfig" "$@"; }

distribution() { # the third series of the registry, once
  [ -x "$CACHE/bin/registry-$DISTRIBUTION" ] && return
  command -v go >/dev/null || die "needs Go to build CNCF distribution; see tests/README.md"
  say "building CNCF distribution $DISTRIBUTION (once)"
  GOBIN=$CACHE/bin/new CGO_ENABLED=0 quietly "$CACHE/log/distribution" go install -ldflags='-s -w' \
    "github.com/distribution/distribution/v3/cmd/registry@$DISTRIBUTION" 9>&-
  mv "$CACHE/bin/new/registry" "$CACHE/bin/registry-$DISTRIBUTION"
  rmdir "$CACHE/bin/new"
}

# --- the end -----------------------------------------------------------------------------------

end_processes() { # Nothing that they hold is kept, so they need not be asked.
  local name deadline=$((SECONDS + 10))
  for name in $(pid_names ''); do
    if alive "$name"; then kill -KILL "$(cat "$DIR/pid/$name")" 2>/dev/null || true; fi
  done
  for name in $(pid_names ''); do
    while alive "$name"; do
      [ $SECONDS -lt $deadline ] || die "can't end $name (process $(cat "$DIR/pid/$name")); end it, then run \`down\` again"
      sleep 0.05
    done
    rm -f "$DIR/pid/$name"
  done
}

pid_names() { find "$DIR/pid" -type f -name "$1*" -printf '%f\n' 2>/dev/null || true; }

# Containers are known by their cgroup, shims by the socket on their command line.
end_containers() {
  local pids round
  for round in 1 2 3 4 5 6 7 8; do
    pids=$(find /sys/fs/cgroup -path '*/b2i-node*' -name cgroup.procs -exec cat {} + 2>/dev/null | sort -un || true)
    pids+=" $(pgrep -f 'containerd-shim-runc-v2 .*-address /run/b2i-node' || true)"
    [ -n "${pids// /}" ] || return 0
    # shellcheck disable=SC2086  # a list of numbers
    kill -KILL $pids 2>/dev/null || true
    sleep 0.1
  done
}

# What no pid file names, because somebody removed the folder of a cluster that was up.
end_orphans() {
  local n pids
  pids=$(pgrep -f "docker-registry serve $DIR/registry.yml" || true)
  for n in $(ip netns list 2>/dev/null | awk '/^b2i-node/ { print $1 }'); do pids+=" $(ip netns pids "$n" | paste -sd' ')"; done
  [ -n "${pids// /}" ] || return 0
  # shellcheck disable=SC2086  # a list of numbers
  kill -KILL $pids 2>/dev/null || true
  sleep 0.2
}

our_mounts() { awk -v d="$DIR/" '$2 ~ "^/run/b2i-node" || index($2, d) == 1 { print $2 }' /proc/mounts; }

# Some programs leave files in places that no option names. Those are ours by their content or name.
remove_strays() {
  cat /run/b2i-node?/io.containerd.runtime.v2.task/k8s.io/*/address 2>/dev/null | grep -o '/run/containerd/s/[0-9a-f]*' |
    sort -u | xargs -r rm -f || true
  find /var/log/containers -lname "$DIR/*" -delete 2>/dev/null || true
  rm -f /var/lib/cni/results/b2i-* /var/lib/kubelet/device-plugins/DEPRECATION
  rmdir /run/containerd/{s,} /var/log/containers /var/lib/cni/{results,} /var/lib/kubelet/{device-plugins,} 2>/dev/null || true
}

tear_down() {
  local n
  end_processes
  end_orphans
  end_containers
  remove_strays
  our_mounts | sort -r | xargs -r -n1 umount -l || true
  [ -z "$(our_mounts)" ] || die "can't unmount: $(our_mounts | head -n 3 | paste -sd' '); end what uses it, then run \`down\` again"
  for n in $(ip netns list 2>/dev/null | awk '/^b2i-node/ { print $1 }'); do
    ip link del "b2i-n${n#b2i-node}" 2>/dev/null || true
    ip netns del "$n"
  done
  ip link del b2i0 2>/dev/null || true
  # `ip netns` mounts its folder; when nobody else has a namespace there, that goes too.
  rmdir /run/netns 2>/dev/null || { [ -z "$(ls -A /run/netns 2>/dev/null)" ] && umount /run/netns && rmdir /run/netns; } 2>/dev/null || true
  find /sys/fs/cgroup -depth -type d -path '*/b2i-node*' -exec rmdir {} + 2>/dev/null || true
  rm -rf "$DIR"/{etcd,node?,pid,registry} /run/b2i-node?
}
