// SPDX-License-Identifier: Apache-2.0
// The command `granary`: all of it is in cli/.
#include "cli/cli.h"

int main(int argc UNUSED, char **argv) {
    return cli_main((const char *const *)argv);
}
