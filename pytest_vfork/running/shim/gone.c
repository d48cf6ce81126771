// SPDX-License-Identifier: MIT
#include "gone.h"

#include "call.h"

/* P_PID and wait options, linux/wait.h; setpgid's answer to "has it called execve" */
#define P_PID_TYPE 1
#define LOOKS (0x00000001 | 0x00000004 | 0x01000000 | 0x40000000) /* WNOHANG WEXITED WNOWAIT __WALL */
#define NO_SUCH_GROUP 0x3fffffff

_Bool process_has_let_go(int32_t child)
{
	struct info info = { 0 };
	long result = CALL(__NR_waitid, P_PID_TYPE, child, &info, LOOKS, 0);

	if (result == 0 && info.signo)
		return 1;
	if (result == -ECHILD && CALL(__NR_kill, child, 0) == -ESRCH)
		return 1;
	/* setpgid(2): EACCES once a child has called execve; no such group, so that nothing changes if it has not */
	return CALL(__NR_setpgid, child, NO_SUCH_GROUP) == -EACCES;
}
