package segue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Asks models what files say, for the tests: java ... segue.Answers [MODEL REQUESTS ANSWERS]...
 *
 * <p>A line is a request: a signature, then its rows, separated by tabs. A row is values in Base64,
 * separated by commas: title and tracks, an example, or a track. A line of answers is the same, a
 * row being tracks and scores in turn, or name, artist and playlists.
 */
public final class Answers {
  public static void main(String[] arguments) throws IOException {
    for (int at = 0; at < arguments.length; at += 3) {
      try (Recommender recommender = new Recommender(arguments[at]);
          BufferedReader requests = Files.newBufferedReader(Path.of(arguments[at + 1]));
          PrintStream answers = new PrintStream(arguments[at + 2], StandardCharsets.UTF_8)) {
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
          answers.println(String.join("\t", answer(recommender, line.split("\t", -1))));
        }
      }
    }
  }

  private static List<String> answer(Recommender recommender, String[] parts) {
    List<String> titles = new ArrayList<>();
    List<List<String>> tracks = new ArrayList<>();
    List<byte[]> examples = new ArrayList<>();
    List<String> uris = new ArrayList<>();
    for (String row : List.of(parts).subList(1, parts.length)) {
      List<byte[]> values = new ArrayList<>();
      for (String value : row.split(",", -1)) {
        values.add(Base64.getDecoder().decode(value));
      }
      List<String> texts = values.stream().map(Answers::text).toList();
      examples.add(values.get(0));
      uris.add(texts.get(0));
      titles.add(texts.get(0));
      tracks.add(texts.subList(1, texts.size()));
    }
    return switch (parts[0]) {
      case "serving_default" -> rows(recommender.recommend(titles, tracks));
      case "serving_examples" -> rows(recommender.recommendExamples(examples));
      case "track_metadata" -> recommender.describe(uris).stream()
          .map(each -> join(each.name(), each.artist(), String.valueOf(each.playlists())))
          .toList();
      default -> throw new IllegalArgumentException(parts[0]);
    };
  }

  private static List<String> rows(List<List<Recommender.Track>> playlists) {
    List<String> rows = new ArrayList<>();
    for (List<Recommender.Track> tracks : playlists) {
      List<String> values = new ArrayList<>();
      for (Recommender.Track track : tracks) {
        values.add(track.uri());
        values.add(String.valueOf(track.score()));
      }
      rows.add(join(values.toArray(String[]::new)));
    }
    return rows;
  }

  private static String join(String... values) {
    List<String> encoded = new ArrayList<>();
    for (String value : values) {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      encoded.add(Base64.getEncoder().encodeToString(bytes));
    }
    return String.join(",", encoded);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
