/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

int main(void)
{
	fputs("usage: infra COMMAND [OPTION...]\n", stderr);
	return 3;
}
