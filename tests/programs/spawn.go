// SPDX-License-Identifier: MIT
// Go's os/exec in a dynamic program (cgo): it clones with CLONE_VM|CLONE_VFORK from 16 goroutines, on stacks of a few KiB.
// prints: at once 320
// prints: missing true
// prints: denied true
// prints: status 7
// prints: signal terminated
// prints: context killed
// prints: environment A=b
// prints: pipe 100000
package main

// #include <stdlib.h>
import "C"

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

func main() {
	C.free(C.malloc(1))
	var right int32
	var all sync.WaitGroup
	for worker := 0; worker < 16; worker++ {
		all.Add(1)
		go func(worker int) {
			defer all.Done()
			for n := 0; n < 20; n++ {
				command := exec.Command("/bin/echo", fmt.Sprint(worker, n))
				if n%2 == 0 {
					command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				}
				if out, err := command.Output(); err == nil && string(out) == fmt.Sprintln(worker, n) {
					atomic.AddInt32(&right, 1)
				}
			}
		}(worker)
	}
	all.Wait()
	fmt.Println("at once", right)
	fmt.Println("missing", errors.Is(exec.Command("./missing").Run(), os.ErrNotExist))
	os.WriteFile("plain", nil, 0o644)
	fmt.Println("denied", errors.Is(exec.Command("./plain").Run(), os.ErrPermission))
	var exit *exec.ExitError
	errors.As(exec.Command("/bin/sh", "-c", "exit 7").Run(), &exit)
	fmt.Println("status", exit.ExitCode())
	errors.As(exec.Command("/bin/sh", "-c", "kill $$").Run(), &exit)
	fmt.Println("signal", exit.Sys().(syscall.WaitStatus).Signal())
	ctx, cancel := context.WithCancel(context.Background())
	sleeper := exec.CommandContext(ctx, "sleep", "1000")
	sleeper.Start()
	cancel()
	errors.As(sleeper.Wait(), &exit)
	fmt.Println("context", exit.Sys().(syscall.WaitStatus).Signal())
	bare := exec.Command("/usr/bin/env")
	bare.Env = []string{"A=b"}
	out, _ := bare.Output()
	fmt.Print("environment ", string(out))
	counter := exec.Command("wc", "-c")
	counter.Stdin = bytes.NewReader(bytes.Repeat([]byte("x"), 100000))
	out, _ = counter.Output()
	fmt.Println("pipe", strings.TrimSpace(string(out)))
}
