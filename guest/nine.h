/* What prov and the initrd's init of its boxes both know of folders by 9p. */
#pragma once

/* mount(8)'s: nothing is kept in the guest, so that changes are seen at once. */
#define NINE_OPTIONS "trans=virtio,version=9p2000.L,cache=none,msize=262144"
