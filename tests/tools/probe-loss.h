/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command `pf-probe loss`. */
#ifndef PROBE_LOSS_H
#define PROBE_LOSS_H

/* argv[0] is the command's name. Returns the exit status. */
int probe_loss_main (int argc, char **argv);

#endif /* PROBE_LOSS_H */
