# The far end of an `ssh` step: constant text, fed to `sh` on standard input behind quoted assignments. It is written for any
# POSIX shell: dash, bash, busybox.
#
# One attempt is one folder, NAME.N. What decides lies in the names of things in it, since mkdir and mv are atomic and need no
# room on a full disk:
#   claim      whoever makes it decides whether the command is ever started
#   void       it never was, and never will be
#   adopts.K   attempt K had begun and nobody had heard how it ended: its end is this one's
#   runner.P   the process that writes the end down
#   pg.P       the process group of the command
#   exit.C     it has ended, with this code
#   settled    the end has been heard and written down at the near end; only a later start tidies it away
# What is said goes out in frames: a letter, a space, words; o, e and f are followed by so many bytes.

say() { printf '%s\n' "$*" || exit 1; }

bases() {
  uid=$(id -u)
  [ -z "${HOME:-}" ] || printf '%s\n' "$HOME/.cache/flightdeck/ssh"
  printf '%s\n' "/var/tmp/flightdeck-$uid" "/tmp/flightdeck-$uid"
}

# Gives a name in a folder as the part behind its full stop: `only exit` says the code of exit.CODE.
only() {
  found=
  for path in "$d/$1".*; do
    [ ! -e "$path" ] || found=${path##*.}
  done
  [ -n "$found" ]
}

is_ours() { [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; }

# Where attempt $1 has its folder, if it has one.
locate() {
  old_ifs=$IFS
  IFS='
'
  for base in $all_bases; do
    d=$base/$name.$1
    if is_ours "$base" && [ -d "$d" ]; then
      IFS=$old_ifs
      return 0
    fi
  done
  IFS=$old_ifs
  return 1
}

# Makes the folder of attempt $1: 0 if it is new, 1 if it was there, 2 if there is no place for it.
make() {
  old_ifs=$IFS
  IFS='
'
  for base in $all_bases; do
    mkdir -p "${base%/*}" 2>/dev/null
    mkdir "$base" 2>/dev/null
    is_ours "$base" || continue
    d=$base/$name.$1
    if mkdir "$d" 2>/dev/null; then
      IFS=$old_ifs
      return 0
    fi
    if [ -d "$d" ]; then
      IFS=$old_ifs
      return 1
    fi
  done
  IFS=$old_ifs
  return 2
}

# The runner of $d still is the process that it was.
alive() {
  only runner || return 1
  kill -0 "$found" 2>/dev/null || return 1
  if [ -r /proc/self/cmdline ]; then
    words=$(tr '\0' ' ' <"/proc/$found/cmdline" 2>/dev/null)
  else
    words=$(ps -p "$found" -o args= 2>/dev/null)
  fi
  case $words in
    *"$d"*) return 0 ;;
  esac
  return 1
}

# Waits as long as nothing happens, ever longer.
rest() {
  case $1 in
    0 | 1) sleep 0.05 2>/dev/null || sleep 1 ;;
    2 | 3) sleep 0.1 2>/dev/null || sleep 1 ;;
    4 | 5 | 6) sleep 0.25 2>/dev/null || sleep 1 ;;
    7 | 8 | 9) sleep 0.5 2>/dev/null || sleep 1 ;;
    *) sleep 1 ;;
  esac
}

# Says that it lives until `hush`: what takes long must not be taken for a dead link. Not while there are bytes to say.
beat() {
  while sleep 15 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
    say b
  done &
  beats=$!
}

hush() {
  kill "$beats" 2>/dev/null
  wait "$beats" 2>/dev/null
}

# Says what file $2 has behind byte $3, up to byte $4 if there is one, as frames $1; `at` is how far it came.
chunk() {
  at=$3
  [ -e "$2" ] || return 0
  size=$(($(wc -c <"$2")))
  [ "$size" -le "${4:-$size}" ] || size=$4
  while [ "$size" -gt "$at" ]; do
    take=$((size - at))
    [ "$take" -le 1048576 ] || take=1048576
    say "$1 $take"
    tail -c "+$((at + 1))" "$2" | head -c "$take"
    at=$((at + take))
    moved=1
  done
}

# Says what there is and what comes, to the end of the command; then waits to hear that its end was written down.
follow() {
  own=$d
  ! only adopts || d=${d%.*}.$found
  told= idle=0 quiet=0 missing=0
  while :; do
    if [ -d "$d/void" ]; then
      say v
      return
    fi
    if [ -z "$told" ] && only pg; then
      told=$found
      say "s $told $d"
    fi
    moved= code=
    ! only exit || code=$found
    if [ -z "$code" ]; then
      # It is looked at again, as it may just have ended.
      if [ -n "$told" ] && [ "$quiet" -eq 0 ] && ! alive && ! only exit; then
        say "l $d"
        return
      fi
      if [ -z "$told" ]; then
        missing=$((missing + 1))
        if [ ! -d "$d/claim" ] && [ "$missing" -gt 20 ] && mkdir "$d/claim" 2>/dev/null; then
          void
          continue
        fi
        if [ ! -d "$d" ] || [ "$missing" -gt 40 ]; then
          say "l $d"
          return
        fi
      fi
    fi
    chunk o "$d/out" "$off_out"
    off_out=$at
    chunk e "$d/err" "$off_err"
    off_err=$at
    if [ -n "$code" ]; then
      [ ! -s "$d/outputs" ] || chunk f "$d/outputs" 0 "$outputs_max"
      say "r $code"
      IFS= read -r word <&3
      if [ "$word" = settled ]; then
        settle
        d=$own
        settle
        say d
      fi
      return
    fi
    [ -z "$moved" ] || idle=0 quiet=0
    rest "$idle"
    idle=$((idle + 1)) quiet=$((quiet + 1))
    if [ "$quiet" -ge 16 ]; then
      quiet=0
      say b
    fi
  done
}

# It will never be started, so nobody will read its input, which may hold a secret.
void() {
  mkdir "$d/void"
  rm -f "$d/in"
}

settle() {
  mkdir "$d/settled" 2>/dev/null
  rm -f "$d/out" "$d/err" "$d/in" "$d/outputs"
}

# Folders that nobody will ask for any more.
prune() {
  find "$1/." ! -name . -prune -type d -mtime +13 2>/dev/null | while IFS= read -r old; do
    d=$1/${old##*/}
    [ ! -d "$d/claim" ] || alive || rm -rf "$d"
  done
}

# Looks for earlier attempts whose end nobody has heard: 0 if one of them is to be adopted (`found`).
earlier() {
  k=$((n - 1))
  while [ "$k" -gt 0 ] && [ "$k" -gt $((n - 20)) ]; do
    if locate "$k" && [ ! -d "$d/settled" ] && [ ! -d "$d/void" ]; then
      if mkdir "$d/claim" 2>/dev/null; then
        void
      elif ! only adopts; then
        before=$(cat "$d/digest" 2>/dev/null)
        if only exit; then
          if [ "$found" = 0 ] && [ "$before" = "$digest" ]; then
            say "a $k 0"
            return 0
          fi
          [ "$before" = "$digest" ] && same=same || same=other
          say "p $k $found $same"
        elif alive; then
          if [ "$before" != "$digest" ]; then
            only pg
            say "x attempt $k, with other inputs, still runs there as process group $found: stop it first"
            exit
          fi
          say "a $k running"
          return 0
        else
          say "p $k lost same"
        fi
        settle
      fi
    fi
    k=$((k - 1))
  done
  return 1
}

refuse() {
  say "x $1"
  # What is half made must not be taken for a start.
  mkdir "$d/claim" 2>/dev/null && void 2>/dev/null
  exit
}

inner='
mv "$0/nopg" "$0/pg.$$"
exec >>"$0/out"
if [ -n "$1" ]; then exec 2>&1; else exec 2>>"$0/err"; fi
shift
eval "$(cat <&4)"
exec "$@" 4<&-
'

# It says nothing itself: what a shell may say of the end of a command is not from the command.
outer='
d=$1 joint=$2 launcher=$3 inner=$4
shift 4
exec 4<&0 <"$d/in"
rm -f "$d/in"
mv "$d/norunner" "$d/runner.$$"
trap : TERM
$launcher sh -c "$inner" "$d" "$joint" "$@"
mv "$d/pending" "$d/exit.$?"
'

launch() {
  if command -v setsid >/dev/null 2>&1; then
    launcher=setsid
  elif command -v perl >/dev/null 2>&1; then
    launcher='perl -MPOSIX -e POSIX::setsid();exec{$ARGV[0]}@ARGV'
  else
    refuse "it has neither setsid nor perl, one of which is needed to stop a command"
  fi
  if ! { printf '%s' "$input" >"$d/in" && : >"$d/out" && : >"$d/err" && : >"$d/pending" && : >"$d/nopg" && : >"$d/norunner" &&
    printf '%s' "$digest" >"$d/digest"; } 2>/dev/null; then
    refuse "cannot write to $d"
  fi
  mkdir "$d/claim" 2>/dev/null || {
    # Whoever was faster may have looked for it before it was there.
    rm -f "$d/in"
    follow
    exit
  }
  follow &
  printf '%s\nFLIGHTDECK_OUTPUT=%s/outputs export FLIGHTDECK_OUTPUT\n' "$env" "$(quoted "$d")" |
    $launcher sh -c "$outer" flightdeck "$d" "$joint" "$launcher" "$inner" "$@" >/dev/null 2>&1 3<&-
  wait
}

# As one word of a shell.
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

go() {
  if locate "$n"; then
    follow
    return
  fi
  if [ -n "$adopt" ] && earlier; then
    make "$n"
    case $? in
      0) mkdir "$d/claim" && mkdir "$d/adopts.$k" ;;
      2) refuse "there is no folder that it could use for the result" ;;
    esac
    follow
    return
  fi
  make "$n"
  case $? in
    0) (prune "${d%/*}")
       launch "$@" ;;
    1) follow ;;
    *) say "x there is no folder that it could use for the result" ;;
  esac
}

again() {
  if locate "$n"; then
    follow
  else
    say "l $name.$n"
  fi
}

gone() { ! kill -0 "-$pg" 2>/dev/null; }

# Ends the group of attempt $n, or sees to it that it never begins.
stop() {
  locate "$n" || make "$n"
  case $? in
    2) say "x there is no folder that it could use"
       return ;;
  esac
  if mkdir "$d/claim" 2>/dev/null; then
    void
    say v
    return
  fi
  ! only adopts || d=${d%.*}.$found
  tries=0
  until only pg || [ "$tries" -ge 20 ]; do
    tries=$((tries + 1))
    rest 4
  done
  if only exit; then
    say "r $found"
    return
  fi
  if ! only pg || ! alive; then
    say "l $d"
    return
  fi
  only pg
  pg=$found
  how=TERM
  began=$(date +%s)
  [ "$grace" -eq 0 ] || kill -TERM "-$pg" 2>/dev/null
  idle=0
  until gone; do
    if [ $(($(date +%s) - began)) -ge "$grace" ]; then
      how=KILL
      kill -KILL "-$pg" 2>/dev/null
    fi
    # What the kernel cannot end is told as it is.
    [ $(($(date +%s) - began)) -lt $((grace + 10)) ] || how=NOT
    [ "$how" != NOT ] || break
    rest "$idle"
    idle=$((idle + 1))
  done
  say "k $how"
  tries=0
  until only exit || [ "$tries" -ge 20 ]; do
    tries=$((tries + 1))
    rest 2
  done
  only exit && say "r $found" || say "l $d"
}

digest_of() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum <"$1"
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 <"$1"
  else
    openssl dgst -sha256 -r <"$1"
  fi | cut -c 1-64
}

# Standard input becomes a file: under a name of its own until it is whole.
put() {
  [ ! -d "$target" ] || target=${target%/}/$leaf
  part=$target.$name.part
  if ! cat >"$part" <&3; then
    rm -f "$part"
    say "x cannot write $target"
    return
  fi
  if [ "$(($(wc -c <"$part")))" -ne "$size" ] || [ "$(digest_of "$part")" != "$digest" ]; then
    rm -f "$part"
    say "x $target did not arrive as it was sent"
    return
  fi
  if chmod "$mode" "$part" && mv -f -- "$part" "$target"; then
    say "r 0"
  else
    rm -f "$part"
    say "x cannot write $target"
  fi
}

get() {
  if [ -d "$target" ]; then
    say "x $target is a folder: pack it first"
  elif [ ! -r "$target" ]; then
    say "x $target cannot be read"
  else
    beat
    digest=$(digest_of "$target")
    hush
    say "h $digest"
    chunk o "$target" 0
    say "r 0"
  fi
}

umask 077
exec 3<&0
all_bases=$(bases)
case $op in
  go) go "$@" ;;
  again) again ;;
  stop)
    beat
    stop
    hush
    ;;
  put)
    beat
    put
    hush
    ;;
  get) get ;;
esac
