// SPDX-License-Identifier: MIT
/* An old mask that lies half in memory that is not there: EFAULT, and the kernel has written the first half. */
#include "hostile.h"

int main(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t mask = 0x5555;
	long result;

	mprotect(page + 4096, 4096, PROT_NONE);
	syscall(__NR_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
	memset(page + 4092, 'x', 4);
	result = syscall(__NR_rt_sigprocmask, SIG_BLOCK, NULL, page + 4092, 8);
	printf("%ld %x\n", result, *(unsigned int *)(page + 4092));
	return 0;
}
