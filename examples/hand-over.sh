#!/usr/bin/env bash
# A wrapper of one's own: starts a virtual machine with a shared folder as it always has, hands it over to Godwit while it runs, and has it
# moved, with curl alone. From the hand-over on Godwit looks after both processes; until then, and where it is refused, this script does.
#
#   hand-over.sh <name> <the host that this machine is to Godwit> <the host to move to>
#
#   GODWIT_SERVER      where the orchestrator is                 GODWIT_TOKEN   a token that may operate
#   QEMU, VIRTIOFSD    the programs                              ACCELERATOR    kvm, or tcg where there is none
#   KERNEL, INITRAMFS, COMMAND_LINE                              what the guest boots
#   SHARE              the folder that it mounts by the tag "share", the same on both hosts
#   FOLDER             for the sockets and the log, on both hosts
#   DOWNTIME_LIMIT_MS  for how long the guest may stand still: 300
set -euo pipefail
name=$1 from=$2 to=$3
: "${GODWIT_SERVER:?}" "${GODWIT_TOKEN:?}" "${KERNEL:?}" "${INITRAMFS:?}" "${SHARE:?}" "${FOLDER:?}"
qmp=$FOLDER/$name.qmp share_socket=$FOLDER/$name.share

# What was started and not handed over is ended with this script.
processes=()
trap '[ ${#processes[@]} = 0 ] || kill "${processes[@]}" 2>/dev/null || true' EXIT

api() { # <method> <path> [body]: the answer, or what was wrong with the question
  local answer status
  answer=$(curl --silent --show-error --max-time 90 --request "$1" "$GODWIT_SERVER$2" --header "authorization: Bearer $GODWIT_TOKEN" \
    --header 'content-type: application/json' ${3:+--data "$3"} --write-out '\n%{http_code}')
  status=${answer##*$'\n'}
  printf '%s\n' "${answer%$'\n'*}"
  [ "$status" -lt 400 ]
}

field() { # <name>: the first text or number of that name in the JSON that is read
  grep -o "\"$1\":\(\"[^\"]*\"\|[-0-9.]*\)" | head -n 1 | sed 's/^[^:]*://; s/^"//; s/"$//'
}

until_there() { # <file> <process>
  until [ -e "$1" ]; do
    kill -0 "$2" || { echo "$name: $1 did not come about" >&2; exit 1; }
    sleep 0.05
  done
}

"${VIRTIOFSD:-/usr/libexec/virtiofsd}" --shared-dir "$SHARE" --socket-path "$share_socket" --sandbox none >"$FOLDER/$name.virtiofsd.log" 2>&1 &
processes+=($!)
until_there "$share_socket" $!

# Shared memory, since virtiofsd reads and writes it; a QMP socket that nobody else is connected to; whole paths everywhere.
"${QEMU:-qemu-system-x86_64}" -name "$name" -nodefaults -no-user-config -display none \
  -machine q35,memory-backend=memory -accel "${ACCELERATOR:-kvm}" \
  -m 256M -object memory-backend-memfd,id=memory,size=256M,share=on \
  -kernel "$KERNEL" -initrd "$INITRAMFS" -append "${COMMAND_LINE:-console=ttyS0}" \
  -chardev "file,id=console,path=$FOLDER/$name.console,append=on" -serial chardev:console \
  -chardev "socket,id=files,path=$share_socket" -device vhost-user-fs-pci,id=files0,chardev=files,tag=share \
  -qmp "unix:$qmp,server=on,wait=off" >"$FOLDER/$name.qemu.log" 2>&1 &
processes+=($!)
until_there "$qmp" $!

guest='{"name":"'$name'","host":"'$from'","devices":[
  {"name":"files","kind":"virtiofs","config":{"adopt":{"socket":"'$share_socket'"}}},
  {"name":"machine","kind":"qemu","config":{"adopt":{"qmp":"'$qmp'"},"shares":[{"device":"files","tag":"share"}]}}]}'
answer=$(api POST /v1/guests "$guest") || { echo "$name: not taken over: $answer" >&2; exit 1; }
echo "$name: handed over as guest $(field id <<<"$answer")"
disown -a
processes=()

order='{"guest":"'$name'","destination":"'$to'","limits":{"downtimeLimitMs":'${DOWNTIME_LIMIT_MS:-300}'}}'
answer=$(api POST /v1/migrations "$order") || { echo "$name: cannot move: $answer" >&2; exit 1; }
migration=$(field id <<<"$answer")
# Each of these waits for up to half a minute, and is answered sooner at the end.
until grep -q '"endedAt"' <<<"$answer"; do
  answer=$(api GET "/v1/migrations/$migration?wait=30&until=terminal") || { echo "$name: $answer" >&2; exit 1; }
done
phase=$(field phase <<<"$answer")
echo "$name: $phase on $to, stopped for $(field downtimeMs <<<"$answer") ms"
[ "$phase" = completed ]
