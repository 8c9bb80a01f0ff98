import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.takesArguments;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Arrays;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.description.type.TypeDescription;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.loading.ClassLoadingStrategy;
import net.bytebuddy.implementation.MethodCall;
import net.bytebuddy.pool.TypePool;

/**
 * Runs a program that has Beam's gRPC servers in it, and lets them listen at 127.0.0.1 alone.
 *
 * <p>Beam opens its ports on every network, without an option, and whoever reaches them can run
 * code. Before its builder of servers is loaded, forPort(PORT) becomes forAddress(127.0.0.1:PORT).
 */
public final class Loopback {
  private static final String BUILDER =
      "org.apache.beam.vendor.grpc.v1p69p0.io.grpc.netty.NettyServerBuilder";

  /** Runs the program that the first argument names, with the others. */
  public static void main(String[] arguments) throws Exception {
    ClassLoader loader = ClassLoader.getSystemClassLoader();
    TypeDescription builder = TypePool.Default.of(loader).describe(BUILDER).resolve();
    MethodDescription forAddress =
        builder
            .getDeclaredMethods()
            .filter(named("forAddress").and(takesArguments(SocketAddress.class)))
            .getOnly();
    MethodCall here = MethodCall.invoke(InetAddress.class.getMethod("getLoopbackAddress"));
    new ByteBuddy()
        .redefine(builder, ClassFileLocator.ForClassLoader.of(loader))
        .method(named("forPort").and(takesArguments(int.class)))
        .intercept(
            MethodCall.invoke(forAddress)
                .withMethodCall(
                    MethodCall.construct(
                            InetSocketAddress.class.getConstructor(InetAddress.class, int.class))
                        .withMethodCall(here)
                        .withArgument(0)))
        .make()
        .load(loader, ClassLoadingStrategy.Default.INJECTION);
    Thread.currentThread().setContextClassLoader(loader);
    loader
        .loadClass(arguments[0])
        .getMethod("main", String[].class)
        .invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
  }
}
