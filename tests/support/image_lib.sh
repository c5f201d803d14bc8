# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Images for pod tests, made with tar, jq and sha256sum alone. Source it after pod_lib.sh.

# image_root DIR [APPLET...]: a directory with busybox and links to it, to be filled further.
image_root() {
	local dir=$1 applet
	shift
	mkdir -p "$dir/bin" "$dir/etc" "$dir/tmp"
	cp "$(command -v busybox)" "$dir/bin/busybox"
	for applet in "$@"; do
		ln -sf busybox "$dir/bin/$applet"
	done
}

# tar_of DIR OUT: reproducible, owners as they are.
tar_of() {
	tar -C "$1" --numeric-owner --sort=name --pax-option=delete=atime,delete=ctime --xattrs --xattrs-include='*' -cf "$2" .
}

digest_of() {
	sha256sum "$1" | cut -d' ' -f1
}

# put_blob LAYOUT FILE: prints its digest.
put_blob() {
	local hex
	hex=$(digest_of "$2")
	mkdir -p "$1/blobs/sha256"
	cp "$2" "$1/blobs/sha256/$hex"
	printf 'sha256:%s' "$hex"
}

# config_of CONFIG ARCHITECTURE LAYER_TAR...: an image configuration whose "config" is CONFIG.
config_of() {
	local config=$1 architecture=$2 tar
	shift 2
	for tar in "$@"; do
		printf 'sha256:%s\n' "$(digest_of "$tar")"
	done | jq -Rcn --argjson config "$config" --arg arch "$architecture" \
		'{created: "2024-05-06T07:08:09Z", architecture: $arch, os: "linux", config: $config,
		  rootfs: {type: "layers", diff_ids: [inputs]}}'
}

machine_architecture() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) uname -m ;;
	esac
}

# add_manifest LAYOUT CONFIG_FILE [COMMAND LAYER_TAR...]: COMMAND ("gzip -n", "zstd -q", "cat") compresses;
# prints the manifest's descriptor.
add_manifest() {
	local layout=$1 config=$2 compress=${3:-cat} tar digest layers='[]' suffix
	shift 3
	case $compress in
	gzip*) suffix=+gzip ;;
	zstd*) suffix=+zstd ;;
	*) suffix= ;;
	esac
	for tar in "$@"; do
		$compress <"$tar" >"$layout.blob"
		digest=$(put_blob "$layout" "$layout.blob")
		layers=$(jq -c --arg d "$digest" --arg type "application/vnd.oci.image.layer.v1.tar$suffix" \
			--argjson size "$(stat -c %s "$layout.blob")" \
			'. + [{mediaType: $type, digest: $d, size: $size}]' <<<"$layers")
	done
	jq -cn --arg d "$(put_blob "$layout" "$config")" --argjson size "$(stat -c %s "$config")" \
		--argjson layers "$layers" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		  config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $d, size: $size},
		  layers: $layers}' >"$layout.manifest"
	jq -cn --arg d "$(put_blob "$layout" "$layout.manifest")" \
		--argjson size "$(stat -c %s "$layout.manifest")" \
		'{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $size}'
	rm -f "$layout.blob" "$layout.manifest"
}

# oci_layout LAYOUT NAME CONFIG DIR...: an OCI layout directory of one image; a layer a directory, the bottom
# one first, compressed by $COMPRESS (gzip -n).
oci_layout() {
	local layout=$1 name=$2 config=$3 dir tars=()
	shift 3
	mkdir -p "$layout"
	for dir in "$@"; do
		tar_of "$dir" "$dir.layer.tar"
		tars+=("$dir.layer.tar")
	done
	config_of "$config" "${ARCHITECTURE:-$(machine_architecture)}" "${tars[@]}" >"$layout.config"
	add_manifest "$layout" "$layout.config" "${COMPRESS:-gzip -n}" "${tars[@]}" |
		jq -c --arg name "$name" \
			'{schemaVersion: 2, manifests: [. + {annotations: {"org.opencontainers.image.ref.name": $name}}]}' \
			>"$layout/index.json"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
	rm -f "$layout.config" "${tars[@]}"
}
