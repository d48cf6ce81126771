// SPDX-License-Identifier: MIT
// A JDK's ProcessBuilder, compiled and run from the source; the launch mechanism is given on the command line.
// prints: one by one 40
// prints: at once 80
// prints: missing error=2
// prints: killed 143
// prints: environment A=b
// prints: directory true
// prints: pipeline 3
import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

public class Launch {
    static String out(ProcessBuilder builder) throws Exception {
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes());
        return text.trim() + "/" + process.waitFor();
    }

    static boolean isRight(int n) {
        try {
            return out(new ProcessBuilder("/bin/sh", "-c", "echo " + n + "; exit " + n)).equals(n + "/" + n);
        } catch (Exception error) {
            System.out.println(error);
            return false;
        }
    }

    public static void main(String[] arguments) throws Exception {
        int right = 0;
        for (int n = 0; n < 40; n++)
            right += isRight(n) ? 1 : 0;
        System.out.println("one by one " + right);
        AtomicInteger together = new AtomicInteger();
        Thread[] threads = new Thread[8];
        for (int t = 0; t < threads.length; t++) {
            threads[t] = new Thread(() -> {
                for (int n = 0; n < 10; n++)
                    together.addAndGet(isRight(n) ? 1 : 0);
            });
            threads[t].start();
        }
        for (Thread thread : threads)
            thread.join();
        System.out.println("at once " + together);
        try {
            new ProcessBuilder("./missing").start();
            System.out.println("missing started");
        } catch (IOException error) {
            System.out.println("missing " + error.getMessage().replaceAll(".*(error=\\d+).*", "$1"));
        }
        Process sleeper = new ProcessBuilder("sleep", "1000").start();
        sleeper.destroy();
        System.out.println("killed " + sleeper.waitFor());
        ProcessBuilder bare = new ProcessBuilder("/usr/bin/env");
        bare.environment().clear();
        bare.environment().put("A", "b");
        System.out.println("environment " + out(bare).replace("/0", ""));
        File folder = new File("folder");
        folder.mkdir();
        String where = out(new ProcessBuilder("/bin/pwd").directory(folder));
        System.out.println("directory " + where.equals(folder.getCanonicalPath() + "/0"));
        List<Process> line = ProcessBuilder.startPipeline(
            List.of(new ProcessBuilder("/usr/bin/seq", "3"), new ProcessBuilder("wc", "-l")));
        System.out.println("pipeline " + new String(line.get(1).getInputStream().readAllBytes()).trim());
        for (Process process : line)
            process.waitFor();
    }
}
