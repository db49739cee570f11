# What recipes share. Sourced by recipe.sh, which prov runs with:
#   BOX_TREE         empty folder to fill with the root file system
#   BOX_OUT          kernel, initrd and (optional) meta go here
#   BOX_WORK         scratch, removed afterwards
#   BOX_INITRD_INIT  the static program that becomes the initrd's /init
#   SOURCE_DATE_EPOCH, and the keys of recipe.meta as it was read: RECIPE_SUITE
# No host is named anywhere: mmdebstrap finds its mirror by itself, or takes the host's apt sources.

export LC_ALL=C
umask 022

say() {
	echo "$*" >&2
}

die() {
	say "error: $*"
	exit 1
}

# lacks WHAT: the host lacks something; 3 is prov's exit code for it.
lacks() {
	say "error: $*"
	exit 3
}

need() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || lacks "'$tool' is not installed: run tools/setup"
	done
}

[ "$(id -u)" = 0 ] || lacks "building this box needs root: its files belong to many users"

# packages_unpack DIR PACKAGE…: downloads exactly these (no dependencies) and unpacks their files, running nothing of theirs.
# linux-image-cloud-amd64 stands for the package that it depends on.
packages_unpack() {
	dir=$1
	shift
	need mmdebstrap dpkg-deb
	rm -rf "$BOX_WORK/apt"
	cat >"$BOX_WORK/download" <<'HOOK'
set -eu
root=$1
shift
mkdir -p "$root/pool"
chmod 777 "$root/pool"
cd "$root/pool"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
for package in $PACKAGES; do
	case $package in
	linux-image-cloud-*)
		apt-cache depends --important "$package" | sed -n 's/^ *Depends: //p' | head -n 1 ;;
	*) echo "$package" ;;
	esac
done | xargs apt-get -q download
HOOK
	PACKAGES="$*" mmdebstrap --quiet --variant=custom --mode=root --format=directory \
		--customize-hook="sh '$BOX_WORK/download' \"\$1\"" "$RECIPE_SUITE" "$BOX_WORK/apt" >&2
	mkdir -p "$dir"
	for deb in "$BOX_WORK"/apt/pool/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -rf "$BOX_WORK/apt" "$BOX_WORK/download"
}

# kernel_and_initrd MODULE…: the cloud kernel of the suite, and an initrd of prov's own with these modules and what they need.
# Leaves the kernel's release in KERNEL_RELEASE, its modules in $BOX_WORK/kernel/lib/modules.
kernel_and_initrd() {
	need depmod modprobe cpio gzip
	[ -x "$BOX_INITRD_INIT" ] || die "prov-initrd is not there: build it with make"
	say "kernel: unpacking linux-image-cloud-amd64"
	packages_unpack "$BOX_WORK/kernel" linux-image-cloud-amd64
	KERNEL_RELEASE=$(ls "$BOX_WORK/kernel/lib/modules")
	cp "$BOX_WORK/kernel/boot/vmlinuz-$KERNEL_RELEASE" "$BOX_OUT/kernel"
	depmod -b "$BOX_WORK/kernel" "$KERNEL_RELEASE"

	root=$BOX_WORK/initrd
	mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/root" "$root/modules"
	cp "$BOX_INITRD_INIT" "$root/init"
	chmod 755 "$root/init"
	modules_with_needs "$@" | while read -r file; do
		cp "$file" "$root/modules/"
		basename "$file" >>"$root/modules/list"
	done
	find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	(cd "$root" && find . | sort | cpio --quiet --reproducible -o -H newc -R 0:0) | gzip -9n >"$BOX_OUT/initrd"
}

# modules_with_needs MODULE…: their files in loading order, each once. What is built in has no file.
modules_with_needs() {
	for module in "$@"; do
		modprobe -d "$BOX_WORK/kernel" -S "$KERNEL_RELEASE" --show-depends "$module" ||
			die "the kernel $KERNEL_RELEASE has no module '$module'"
	done | sed -n 's/^insmod \(.*\.ko[.a-z]*\) .*/\1/p' | awk '!seen[$0]++'
}

# modules_into_tree MODULE…: below the tree's /usr/lib/modules, for modprobe. After kernel_and_initrd.
modules_into_tree() {
	to=$BOX_TREE/usr/lib/modules/$KERNEL_RELEASE
	mkdir -p "$to"
	modules_with_needs "$@" | while read -r file; do
		name=${file##*/lib/modules/"$KERNEL_RELEASE"/}
		mkdir -p "$to/${name%/*}"
		cp "$file" "$to/$name"
	done
	cp "$BOX_WORK/kernel/lib/modules/$KERNEL_RELEASE"/modules.order "$to/"
	cp "$BOX_WORK/kernel/lib/modules/$KERNEL_RELEASE"/modules.builtin* "$to/"
	rm -f "$to"/modules.builtin.bin "$to"/modules.builtin.alias.bin
	depmod -b "$BOX_TREE/usr" "$KERNEL_RELEASE"
}
