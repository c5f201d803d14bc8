#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: share.sh MINIPOD CHANGELOG VERSION DIR
# Writes what an installation has beside the program into DIR.
set -eu
minipod=$1 changelog=$2 version=$3 dir=$4

mkdir -p "$dir"
"$minipod" __man | gzip -9n >"$dir/minipod.8.gz"
"$minipod" completion bash >"$dir/minipod.bash"
"$minipod" completion zsh >"$dir/_minipod"
"$minipod" completion fish >"$dir/minipod.fish"
gzip -9nc "$changelog" >"$dir/changelog.gz"
{
	printf 'minipod (%s) unstable; urgency=medium\n\n' "$version"
	printf '  * See /usr/share/doc/minipod/changelog.gz.\n\n'
	printf ' -- minipod maintainers <minipod@localhost>  %s\n' "$(date -R -r "$changelog")"
} | gzip -9n >"$dir/changelog.Debian.gz"
