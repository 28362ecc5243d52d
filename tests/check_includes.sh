#!/bin/bash
# Enforces the include directions: lower layers know nothing of the upper ones, and each outside library is included in
# one place. Prints the offending lines; exit code 1 when there are any.
top=${1:-${top_srcdir:-.}}
cd "$top" || exit 2
bad=0

files() { find "$@" -name '*.[ch]' 2>/dev/null | sort; }

# deny WHAT FILES-COMMAND PATTERN: no file of the list may include what the pattern matches
deny() {
	local why=$1 pattern=$2 hits
	shift 2
	[ $# -gt 0 ] || return 0
	hits=$(grep -HnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($pattern)" "$@")
	[ -z "$hits" ] && return 0
	printf '%s\n' "$hits" | sed "s|\$|    # $why|"
	bad=1
}

except() { grep -vE "$1"; }

all=$(files forumd gateways storage)
deny "only storage/kv uses LMDB" 'lmdb\.h' $(except '^storage/kv_private\.h$' <<< "$all")
deny "only storage/kv knows what is in it" 'storage/(kv_private|journal)\.h' $(except '^storage/' <<< "$all")
deny "only storage/log_pgsql.c uses libpq" 'libpq|postgresql/' $(except '^storage/log_pgsql\.c$' <<< "$all")
deny "only forumd/net uses TLS" 'openssl/(ssl|tls1|dtls1|bio|x509v3)' \
	$(except '^(forumd/net/|gateways/out/send_)' <<< "$all")
deny "only base, net and dkim use libcrypto" 'openssl/' $(except '^(forumd/base/|forumd/net/|forumd/mail/dkim|gateways/out/send_|gateways/ctl/forumctl_doctor)' <<< "$all")
deny "base uses digests only" 'openssl/[^eh]|openssl/e[^v]|openssl/h[^m]' $(files forumd/base)
deny "only one file uses the list of public suffixes" 'libpsl' $(except '^forumd/mail/auth\.c$' <<< "$all")
deny "only forumd-verify asks the DNS itself" 'unbound' $(except '^gateways/verify/' <<< "$all")
deny "only mail and forumd-send use libetpan" 'libetpan/' $(except '^(forumd/mail/|gateways/out/send_)' <<< "$all")
deny "only forum uses the storage" 'storage/' $(except '^(forumd/forum/|storage/)' <<< "$all")

# each layer and what it must not include
deny "base is the lowest layer" 'forumd/[^b]|storage/|gateways/' $(files forumd/base)
deny "storage includes only base" 'forumd/[^b]|gateways/' $(files storage)
deny "mail includes only base" 'forumd/(forum|net|run)/|storage/|gateways/' $(files forumd/mail)
deny "net includes only base" 'forumd/(forum|mail|run)/|storage/|gateways/' $(files forumd/net)
deny "forum includes only storage and base" 'forumd/(mail|net|run)/|gateways/' $(files forumd/forum)
deny "run includes only net, forum and base" 'forumd/mail/|gateways/' $(files forumd/run)
deny "common includes no gateway" 'gateways/[^c]|gateways/ctl/' $(files gateways/common)
for gate in nntp imap smtp ctl out fetch http verify; do
	others=$(printf '%s\n' nntp imap smtp ctl out fetch http verify | grep -vx "$gate" | paste -sd'|')
	deny "gateways do not include each other" "gateways/($others)/" $(files "gateways/$gate")
done
# forumd-send links base only
deny "forumd-send includes only base" 'forumd/(mail|forum|net|run)/|storage/|gateways/common/' \
	$(files gateways/out | grep '^gateways/out/send_')
deny "forumd-fetch includes only base and net" 'forumd/(mail|forum|run)/|storage/|gateways/common/' $(files gateways/fetch)
deny "forumd-verify includes only base, mail and the frames" 'forumd/(forum|net)/|forumd/run/[^v]|storage/|gateways/common/' $(files gateways/verify)
exit $bad
