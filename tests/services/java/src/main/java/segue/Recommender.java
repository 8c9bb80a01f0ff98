package segue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

/** Continues playlists with a pushed model, in this process: no server, no Python. */
public final class Recommender implements AutoCloseable {
  /** A recommended track; within an answer a higher score is the better track. */
  public record Track(String uri, float score) {}

  /** What a model says of a track; names are empty and playlists 0 where it does not know it. */
  public record Facts(String name, String artist, long playlists) {}

  private final SavedModelBundle model;

  /** Loads a version, such as out/serving/segue/1795296127. */
  public Recommender(String directory) {
    model = SavedModelBundle.load(directory, "serve");
  }

  /** The tracks that continue each playlist, best first; a title or the tracks may be empty. */
  public List<List<Track>> recommend(List<String> titles, List<List<String>> playlists) {
    int width = playlists.stream().mapToInt(List::size).reduce(1, Math::max);
    NdArray<String> padded = NdArrays.ofObjects(String.class, Shape.of(playlists.size(), width));
    for (int row = 0; row < playlists.size(); row++) {
      List<String> uris = playlists.get(row);
      for (int column = 0; column < width; column++) {
        padded.setObject(column < uris.size() ? uris.get(column) : "", row, column);
      }
    }
    try (TString name = TString.vectorOf(titles.toArray(String[]::new));
        TString tracks = TString.tensorOf(padded);
        Result answer =
            model.function("serving_default").call(Map.of("name", name, "track_uris", tracks))) {
      return ranked(answer);
    }
  }

  /** The same for playlists as serialised tf.train.Examples. */
  public List<List<Track>> recommendExamples(List<byte[]> examples) {
    NdArray<byte[]> given = NdArrays.vectorOfObjects(examples.toArray(byte[][]::new));
    try (TString serialised = TString.tensorOfBytes(given);
        Result answer =
            model.function("serving_examples").call(Map.of("examples", serialised))) {
      return ranked(answer);
    }
  }

  /** What the model says of tracks. */
  public List<Facts> describe(List<String> uris) {
    try (TString tracks = TString.vectorOf(uris.toArray(String[]::new));
        Result answer = model.function("track_metadata").call(Map.of("track_uris", tracks))) {
      TString names = (TString) answer.get("track_name").orElseThrow();
      TString artists = (TString) answer.get("artist_name").orElseThrow();
      TInt64 playlists = (TInt64) answer.get("playlists").orElseThrow();
      List<Facts> facts = new ArrayList<>();
      for (int at = 0; at < uris.size(); at++) {
        facts.add(new Facts(names.getObject(at), artists.getObject(at), playlists.getLong(at)));
      }
      return facts;
    }
  }

  @Override
  public void close() {
    model.close();
  }

  private static List<List<Track>> ranked(Result answer) {
    TString uris = (TString) answer.get("track_uris").orElseThrow();
    TFloat32 scores = (TFloat32) answer.get("scores").orElseThrow();
    List<List<Track>> playlists = new ArrayList<>();
    for (int row = 0; row < uris.shape().get(0); row++) {
      List<Track> tracks = new ArrayList<>();
      for (int column = 0; column < uris.shape().get(1); column++) {
        String uri = uris.getObject(row, column);
        if (!uri.isEmpty()) { // fewer tracks remain than were asked for
          tracks.add(new Track(uri, scores.getFloat(row, column)));
        }
      }
      playlists.add(tracks);
    }
    return playlists;
  }

  /** Prints the best ten: java ... segue.Recommender DIRECTORY TITLE [TRACK_URI ...]. */
  public static void main(String[] arguments) {
    List<String> tracks = List.of(arguments).subList(2, arguments.length);
    try (Recommender recommender = new Recommender(arguments[0])) {
      List<List<Track>> found = recommender.recommend(List.of(arguments[1]), List.of(tracks));
      for (Track track : found.get(0).subList(0, Math.min(10, found.get(0).size()))) {
        System.out.println(track.uri() + " " + track.score());
      }
    }
  }
}
