// SPDX-License-Identifier: Apache-2.0
// Does nothing: how long a start takes at least.
int main(void) {
    return 0;
}
