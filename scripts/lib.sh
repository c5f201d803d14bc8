# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts beside this one share. To be sourced.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)
export root jobs

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$(basename "$0"): $*"
	exit 1
}

# usage_if_asked "$@": the comment at the top of a script is its help.
usage_if_asked() {
	local arg
	for arg in "$@"; do
		case $arg in
		-h | --help)
			sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"
			exit 0
			;;
		esac
	done
}

# Paths of the project's files that match the patterns, from its root. A tree without git (an
# unpacked archive) or of another owner works as well.
project_files() {
	if git -c safe.directory='*' -C "$root" rev-parse --git-dir >/dev/null 2>&1; then
		git -c safe.directory='*' -C "$root" ls-files --cached --others --exclude-standard \
			-- "$@" | sort -u | while IFS= read -r file; do
			[[ ! -f $root/$file ]] || printf '%s\n' "$file"
		done
	else
		local pattern
		for pattern in "$@"; do
			(cd "$root" && find . -path ./build -prune -o -type f -path "./$pattern" -print)
		done | sed 's,^\./,,' | sort -u
	fi
}

# Files that differ from the last commit, staged or not, and new ones.
changed_files() {
	{
		git -c safe.directory='*' -C "$root" diff --name-only --diff-filter=d HEAD -- "$@"
		git -c safe.directory='*' -C "$root" ls-files --others --exclude-standard -- "$@"
	} 2>/dev/null | sort -u
}
