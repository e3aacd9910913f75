#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vdpa-virtio authors
#
# The lab's network, in a network namespace of its own, which it is started in: a bridge that joins
# one multiqueue TAP device per virtio-net function. Then becomes the command it was given.
# The namespace has no name and goes away with its last process, taking bridge and TAPs with it.
#
# usage: unshare --net net.sh QUEUE_PAIRS NAME=MAC... -- COMMAND...
set -euo pipefail

pairs=$1
shift
# No address on anything here: what crosses the bridge is what the tests sent.
echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
ip link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0 ageing_time 8640000
ip link set br0 up
queues=multi_queue
[ "$pairs" -gt 1 ] || queues=
while [ "$1" != -- ]; do
	name=${1%%=*} mac=${1#*=}
	ip tuntap add dev "$name" mode tap vnet_hdr $queues
	# A TAP drops what its queue cannot hold, and a sender in L1 may outrun a receiver there: room for
	# the difference over a million frames. Nothing here pushes back, so it remains possible.
	ip link set "$name" txqueuelen 100000 master br0 up
	# No flood before the function's first frame. Static entries do not age, but do move to
	# another port with the frames' source, like learned ones; only sticky ones would not.
	bridge fdb add "$mac" dev "$name" master static
	shift
done
shift
exec "$@"
