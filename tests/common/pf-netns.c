/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A network of one's own; see pf-netns.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* unshare */
#endif
#include "pf-netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pf-test.h"

static bool
write_file (const char *path, const char *text)
{
  const int fd = open (path, O_WRONLY | O_CLOEXEC);
  const size_t size = strlen (text);
  bool ok = fd >= 0 && write (fd, text, size) == (ssize_t) size;

  if (fd >= 0)
    close (fd);
  return ok;
}

static bool
become_root (uid_t uid, gid_t gid)
{
  char map[64];

  if (!write_file ("/proc/self/setgroups", "deny"))
    return false;
  snprintf (map, sizeof map, "0 %u 1", (unsigned) uid);
  if (!write_file ("/proc/self/uid_map", map))
    return false;
  snprintf (map, sizeof map, "0 %u 1", (unsigned) gid);
  return write_file ("/proc/self/gid_map", map);
}

static bool
raise_loopback (void)
{
  struct ifreq request = { .ifr_name = "lo" };
  const int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool ok;

  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK | IFF_MULTICAST;
  ok = fd >= 0 && ioctl (fd, SIOCSIFFLAGS, &request) == 0;
  if (fd >= 0)
    close (fd);
  return ok;
}

/* Mounts are not to be seen outside. In a chroot "/" is no mount; who made it
 * saw to that. */
static bool
hide_mounts (void)
{
  return mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ||
         errno == EINVAL;
}

static bool
replace_file (const char *path, const char *with, const char *text)
{
  const int fd = open (with, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

  if (fd < 0)
    return false;
  close (fd);
  return write_file (with, text) &&
         mount (with, path, NULL, MS_BIND, NULL) == 0;
}

/* A user namespace of an ordinary user has one id. A daemon that gives files
 * to its own user gets that one. */
static bool
name_users (void)
{
  return replace_file ("/etc/passwd", "/run/passwd",
             "root:x:0:0::/root:/bin/sh\navahi:x:0:0::/:/bin/false\n") &&
         replace_file ("/etc/group", "/run/group", "root:x:0:\navahi:x:0:\n");
}

static bool
enter (void)
{
  const uid_t uid = geteuid ();
  const gid_t gid = getegid ();
  const int spaces = CLONE_NEWNET | CLONE_NEWNS;

  if (unshare (uid == 0 ? spaces : spaces | CLONE_NEWUSER) != 0)
    return false;
  if (uid != 0 && !become_root (uid, gid))
    return false;
  return hide_mounts () &&
         mount ("none", "/run", "tmpfs", 0, "mode=755") == 0 &&
         (uid == 0 || name_users ()) && raise_loopback ();
}

bool
pf_netns_enter (void)
{
  if (enter ())
    return true;
  pf_test_note ("no network namespace: %s", strerror (errno));
  return false;
}
