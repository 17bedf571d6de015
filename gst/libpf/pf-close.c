/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What close codes mean to a user.
 */
#include "pf-msg-types.h"

static const struct {
  PfCloseCode code;
  const char *text;
} texts[] = {
  { PF_CLOSE_DONE, "the session ended" },
  { PF_CLOSE_ERROR, "the other side gave up after an error" },
  { PF_CLOSE_QUIT, "the session was quit" },
  { PF_CLOSE_PROGRAM_ENDED, "the launched program ended" },
  { PF_CLOSE_BUSY, "the host is busy with another session" },
  { PF_CLOSE_NOT_ARMED, "pairing is not switched on at the host" },
  { PF_CLOSE_OTHER_DEVICE, "the host waits for another device to pair" },
  { PF_CLOSE_RATE_LIMITED, "too many pairing attempts, try again later" },
  { PF_CLOSE_NO_IDENTITY, "the host asks for a client certificate" },
  { PF_CLOSE_DENIED, "the host's operator refused the connection" },
  { PF_CLOSE_APPROVAL_TIME, "nobody at the host answered in time" },
  { PF_CLOSE_SUPERSEDED, "a newer attempt of this device took over" },
  { PF_CLOSE_WIRE_VERSION, "client and host speak different versions" },
  { PF_CLOSE_SETUP_FAILED, "the host could not set up the session" },
  { PF_CLOSE_ACCESS_EXPIRED, "the access granted to this device expired" },
  { PF_CLOSE_LAUNCH_DENIED, "this device may not launch that title" },
};

const char *
pf_close_text (uint64_t code)
{
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (texts[i].code == code)
      return texts[i].text;
  return "the other side closed the connection";
}
