import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.takesArguments;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.Collections;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.description.type.TypeDescription;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.loading.ClassLoadingStrategy;
import net.bytebuddy.implementation.Implementation;
import net.bytebuddy.implementation.MethodCall;
import net.bytebuddy.matcher.ElementMatcher;
import net.bytebuddy.pool.TypePool;

/**
 * Runs a program with Beam's gRPC servers in it, whose cluster is all on this machine.
 *
 * <p>Beam has no options for two things, so that two methods are replaced before their classes are
 * loaded. Its servers would listen on every network, and whoever reaches them can run code:
 * forPort(PORT) becomes forAddress(127.0.0.1:PORT). Every job would bring along all jars of the
 * class path, which each part of the cluster has: what is detected of them becomes an empty list.
 */
public final class Local {
  private static final String BUILDER =
      "org.apache.beam.vendor.grpc.v1p69p0.io.grpc.netty.NettyServerBuilder";
  private static final String DETECTOR =
      "org.apache.beam.sdk.util.construction.resources.ClasspathScanningResourcesDetector";

  /** Runs the program that the first argument names, with the others. */
  public static void main(String[] arguments) throws Exception {
    ClassLoader loader = ClassLoader.getSystemClassLoader();
    TypePool pool = TypePool.Default.of(loader);
    TypeDescription builder = pool.describe(BUILDER).resolve();
    MethodDescription forAddress =
        builder
            .getDeclaredMethods()
            .filter(named("forAddress").and(takesArguments(SocketAddress.class)))
            .getOnly();
    MethodCall here =
        MethodCall.construct(
                InetSocketAddress.class.getConstructor(InetAddress.class, int.class))
            .withMethodCall(MethodCall.invoke(InetAddress.class.getMethod("getLoopbackAddress")))
            .withArgument(0);
    replace(
        loader,
        builder,
        named("forPort").and(takesArguments(int.class)),
        MethodCall.invoke(forAddress).withMethodCall(here));
    replace(
        loader,
        pool.describe(DETECTOR).resolve(),
        named("detect"),
        MethodCall.invoke(Collections.class.getMethod("emptyList")));
    Thread.currentThread().setContextClassLoader(loader);
    loader
        .loadClass(arguments[0])
        .getMethod("main", String[].class)
        .invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
  }

  private static void replace(
      ClassLoader loader,
      TypeDescription type,
      ElementMatcher<? super MethodDescription> method,
      Implementation by) {
    new ByteBuddy()
        .redefine(type, ClassFileLocator.ForClassLoader.of(loader))
        .method(method)
        .intercept(by)
        .make()
        .load(loader, ClassLoadingStrategy.Default.INJECTION);
  }
}

