#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shim: mount umount mount.nfs mount.nfs4 mount.efs umount.nfs umount.nfs4 | EFS: connects to the mount target on port 2049, then the shared directory is there; volumes: their directory; by /etc/fstab, UUID= and LABEL=, too; anything else is the machine's own mount
# shim: blkid lsblk file mkfs mkfs.ext4 mkfs.ext3 mkfs.ext2 mkfs.xfs mkfs.btrfs mke2fs resize2fs xfs_growfs growpart e2label xfs_admin tune2fs fsck e2fsck xfs_repair wipefs blockdev | volumes by their device names: without a file system until one is made, which then has a UUID and goes with the volume
exec /run/sandbox/infra sandbox shim "${0##*/}" "$@"
