// SPDX-License-Identifier: MIT
#include "frame.h"

#include "memory.h"
#include "text.h"

#define FXSAVE_SIZE 512
#define SOFTWARE_BYTES 464 /* struct _fpx_sw_bytes inside the fxsave area, asm/sigcontext.h */
#define MXCSR 24
#define XSTATE_HEADER 512 /* its first word says which components are not in their first state */
#define FP_XSTATE_MAGIC1 0x46505853u
#define FIRST_MXCSR 0x1f80u
#define COMPONENTS_OF_HANDLERS 0xe7ull /* x87, SSE, AVX, AVX-512; not PKRU, whose first state would allow all */

struct software_bytes {
	uint32_t magic1, extended_size;
};

static const struct software_bytes *software_bytes(uintptr_t fpstate)
{
	return (const struct software_bytes *)(fpstate + SOFTWARE_BYTES);
}

static size_t fp_size(uintptr_t fpstate)
{
	const struct software_bytes *bytes = software_bytes(fpstate);

	return bytes->magic1 == FP_XSTATE_MAGIC1 ? bytes->extended_size : FXSAVE_SIZE;
}

_Bool frame_can_be_read(const struct frame *frame)
{
	uintptr_t fpstate;

	if (!can_read(ARG(frame) + sizeof(frame->restorer), sizeof(*frame) - sizeof(frame->restorer)))
		return 0;
	fpstate = frame->regs.fpstate;
	return !fpstate || (can_read(fpstate, FXSAVE_SIZE) && can_read(fpstate, fp_size(fpstate)));
}

size_t frame_size(const struct frame *frame)
{
	return (frame->regs.fpstate ? fp_size(frame->regs.fpstate) + 63 : 0) + sizeof(*frame) + 15 + 8;
}

struct frame *frame_copy(uintptr_t top, const struct frame *frame)
{
	uintptr_t fpstate = 0;
	struct frame *copy;

	if (frame->regs.fpstate) {
		size_t size = fp_size(frame->regs.fpstate);

		fpstate = (top - size) & ~63ul; /* XRSTOR wants it so */
		memcpy((void *)fpstate, (const void *)frame->regs.fpstate, size);
		top = fpstate;
	}
	/* as after a call: %rsp + 8 is a multiple of 16 */
	copy = (struct frame *)(((top - sizeof(*copy)) & ~15ul) - 8);
	*copy = *frame;
	copy->regs.fpstate = fpstate;
	return copy;
}

struct frame *frame_copy_to_task(struct task *task, const struct frame *frame)
{
	struct altstack stack = task_stack(task, frame->mask, 0);
	struct frame *copy = frame_copy(stack.sp + stack.size, frame);

	copy->stack = stack;
	return copy;
}

void frame_clear_fp(struct frame *frame)
{
	uintptr_t fpstate = frame->regs.fpstate;

	if (!fpstate || software_bytes(fpstate)->magic1 != FP_XSTATE_MAGIC1)
		return;
	*(uint64_t *)(fpstate + XSTATE_HEADER) &= ~COMPONENTS_OF_HANDLERS;
	*(uint32_t *)(fpstate + MXCSR) = FIRST_MXCSR;
}
