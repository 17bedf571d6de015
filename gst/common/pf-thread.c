/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Priority of threads; see pf-thread.h. */
#define _GNU_SOURCE /* SCHED_RESET_ON_FORK */
#include "pf-thread.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE (-11)

static PfThreadPriority
raise_thread (void)
{
  const struct sched_param lowest = { .sched_priority =
                                          sched_get_priority_min (SCHED_RR) };

  /* for Linux, 0 and a thread's number are one thread */
  if (sched_setscheduler (0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0)
    return PF_THREAD_REALTIME;
  if (setpriority (PRIO_PROCESS, (id_t) syscall (SYS_gettid), NICE) == 0)
    return PF_THREAD_NICE;
  return PF_THREAD_PLAIN;
}

PfThreadPriority
pf_thread_raise (void)
{
  static const gchar *const names[] = {
    [PF_THREAD_PLAIN] =
        "ordinary: neither RLIMIT_RTPRIO nor RLIMIT_NICE allow more",
    [PF_THREAD_NICE] = "before ordinary ones",
    [PF_THREAD_REALTIME] = "real-time",
  };
  static gint said; /* atomic */
  const PfThreadPriority priority = raise_thread ();

  if (g_atomic_int_compare_and_exchange (&said, 0, 1))
    GST_INFO ("priority of threads that must be in time: %s", names[priority]);
  return priority;
}
