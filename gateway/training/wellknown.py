"""Surnames that stand alone in edited text because everybody knows whose they are."""

from __future__ import annotations

from typing import Final

SURNAMES: Final = """
Adenauer Ahmadinejad Albright Allende Andropov Annan Aquino Arafat Ardern Assad Atatürk Attlee
Aznar Baerbock Balfour Barak Barroso Begin Berlusconi Bhutto Biden Bismarck Blair Blinken
Bolsonaro Botha Boutros Brandt Brezhnev Brown Brzezinski Bukele Bush Cameron Cardoso Carter Castro
Ceaușescu Chamberlain Chavez Chávez Cheney Chernenko Chernomyrdin Chirac Chrétien Churchill Ciller
Clinton Cromwell Dayan Delors Demirel Deng Dole Draghi Dubček Duterte Eden Einaudi Eisenhower
Erbakan Erdoğan Erhard Faymann Fillon Ford Franco Frattini Fujimori Gaddafi Gandhi Garibaldi
Gaulle Genscher Giscard Giuliani Goebbels Göring González Gorbachev Gorbatschow Gore Guterres
Guevara Haider Hamilton Havel Heath Herzog Himmler Hindenburg Hitler Hollande Honecker Hoover
Horthy Hussein Jackson Jaruzelski Jefferson Jelzin Jiang Johnson Juppé Karzai Kaczyński Kennedy
Kenyatta Kerry Khamenei Khatami Khomeini Khrushchev Kim Kinkel Kirchner Kissinger Kohl Kok Koizumi
Kostunica Kravchuk Kuchma Kwaśniewski Lafontaine Lavrov Lebed Lenin Lincoln Lukashenko Lula Macron
Maduro Major Mandela Mao Mazowiecki Mbeki Medvedev Meloni Menem Merkel Merz Milošević Mitterrand
Mladić Mobutu Modi Monti Morsi Mubarak Mugabe Musharraf Mussolini Nasser Nehru Netanyahu Nixon
Nkrumah Nyerere Obama Orbán Ortega Palme Papandreou Pelosi Peres Perón Pétain Pinochet Pompidou
Poroshenko Powell Primakov Prodi Putin Rabin Rajoy Rasmussen Rato Reagan Renzi Romney Roosevelt
Rousseff Rumsfeld Rutte Sadat Salazar Samaranch Sánchez Sarkozy Schäuble Schiller Scholz Schröder
Selenskyj Sharon Shevardnadze Sihanouk Soares Solana Stalin Starmer Steinmeier Stoiber Stresemann
Strauss Suharto Sukarno Sunak Thatcher Tito Trichet Trotsky Trudeau Truman Trump Tusk Tymoshenko
Uribe Wałęsa Washington Westerwelle Wilson Wulff Yanukovych Yeltsin Yushchenko Zapatero Zedillo
Zelensky Zhirinovsky Zuma Zyuganov Zapata Bach Bartók Beethoven Bellini Berlioz Bernstein Bizet
Brahms Britten Bruckner Chopin Copland Debussy Donizetti Dvořák Elgar Gershwin Glass Gluck Grieg
Händel Handel Haydn Holst Janáček Karajan Liszt Mahler Mendelssohn Monteverdi Mozart Mussorgsky
Offenbach Paganini Pavarotti Piazzolla Prokofiev Puccini Purcell Rachmaninoff Ravel Rossini
Saint-Saëns Salieri Satie Scarlatti Schönberg Schubert Schumann Scriabin Shostakovich Sibelius
Smetana Stravinsky Tchaikovsky Telemann Toscanini Verdi Vivaldi Wagner Weber Adele Beyoncé Bowie
Dylan Elvis Eminem Gaga Hendrix Jagger Lennon Madonna Marley McCartney Mercury Morrison Presley
Prince Rihanna Shakira Sinatra Springsteen Swift Sting Zappa Bieber Kanye Drake Caravaggio Cézanne
Chagall Courbet Cranach Dalí Degas Delacroix Duchamp Dürer Gauguin Giotto Goya Greco Holbein
Hopper Kahlo Kandinsky Klee Klimt Leonardo Lichtenstein Magritte Malevich Manet Matisse
Michelangelo Miró Modigliani Mondrian Monet Munch Picasso Pissarro Pollock Raphael Rembrandt
Renoir Richter Rodin Rothko Rubens Seurat Tintoretto Titian Tizian Toulouse-Lautrec Turner
Velázquez Vermeer Warhol Watteau Gogh Gropius Corbusier Gaudí Palladio Bernini Niemeyer Aeschylus
Akhmatova Andersen Apollinaire Ariosto Asimov Atwood Auden Austen Balzac Baudelaire Beauvoir
Beckett Blake Boccaccio Böll Borges Brecht Brontë Bukowski Bulgakov Byron Calderón Calvino Camões
Camus Canetti Carroll Cervantes Chandler Chaucer Chekhov Christie Cicero Coelho Conan Conrad
Cortázar Dante Defoe Dickens Dickinson Diderot Dostoevsky Dostojewski Dumas Dürrenmatt Eco Eliot
Emerson Faulkner Fitzgerald Flaubert Fontane Frisch García Genet Gide Ginsberg Goethe Gogol
Golding Gorky Grass Greene Grimm Hamsun Handke Hardy Heine Hemingway Hesse Hoffmann Homer Horace
Hugo Huxley Ibsen Ionesco Joyce Jünger Kafka Keats Kerouac Kierkegaard Kipling Kleist Kundera
Lessing London Lorca Lovecraft Machado Mallarmé Malraux Mann Marlowe Márquez Melville Milton
Molière Montaigne Moravia Musil Nabokov Neruda Orwell Ovid Pasolini Pasternak Paz Perec Pessoa
Petrarch Pirandello Plath Poe Proust Pushkin Puschkin Queneau Rabelais Racine Rilke Rimbaud
Rowling Rushdie Sade Sagan Saramago Sartre Scott Shakespeare Shaw Shelley Solzhenitsyn Sophocles
Stendhal Sterne Stevenson Tagore Tennyson Tolkien Tolstoi Tolstoy Twain Updike Vega Verlaine Verne
Vidal Virgil Voltaire Wells Whitman Wilde Woolf Wordsworth Yeats Zola Zweig Houellebecq Modiano
Ernaux Ferrante Saviano Llosa Galeano Bolaño Adorno Arendt Aristotle Aristoteles Averroes Bakunin
Bentham Bergson Bourdieu Chomsky Comte Derrida Descartes Durkheim Engels Epicurus Erasmus Fanon
Feuerbach Fichte Foucault Freud Fromm Gadamer Gramsci Habermas Hayek Hegel Heidegger Heraclitus
Hobbes Hume Husserl Jaspers Jung Kant Keynes Lacan Leibniz Locke Luhmann Lukács Luther Machiavelli
Malthus Marcuse Marx Merleau-Ponty Mill Montesquieu Nietzsche Pascal Plato Platon Popper Rawls
Rousseau Russell Schelling Schopenhauer Seneca Smith Socrates Sokrates Spencer Spinoza Unamuno
Wittgenstein Žižek Calvin Zwingli Melanchthon Aquinas Augustinus Augustus Ampère Archimedes
Avogadro Becquerel Bohr Boltzmann Born Boyle Brahe Copernicus Kopernikus Coulomb Crick Curie
Darwin Dirac Edison Einstein Euclid Euler Faraday Fermat Fermi Feynman Fleming Fourier Franklin
Galilei Galileo Galvani Gauss Gödel Haber Hahn Halley Hawking Heisenberg Helmholtz Hertz Hilbert
Hooke Hubble Humboldt Huygens Joule Kelvin Kepler Koch Lagrange Laplace Lavoisier Linnaeus Lorentz
Mach Marconi Maxwell Mendel Mendeleev Morse Newton Nobel Ohm Oppenheimer Pasteur Pauling Pavlov
Planck Poincaré Ptolemy Pythagoras Riemann Röntgen Rutherford Schrödinger Tesla Turing Volta
Watson Watt Bezos Buffett Diesel Disney Gates Jobs Krupp Musk Porsche Rockefeller Rothschild
Siemens Soros Zuckerberg Murdoch Madoff Branson Benetton Agnelli Dior Chanel Versace Armani
Lagerfeld Agassi Alcaraz Ali Armstrong Baggio Ballack Batistuta Beckenbauer Becker Beckham Benzema
Bergkamp Bolt Borg Buffon Cantona Cruyff Djokovic Ecclestone Edberg Federer Figo Fittipaldi
Foreman Gascoigne Graf Guardiola Häkkinen Hingis Ibrahimović Iniesta Ivanišević Kahn Klinsmann
Klopp Klose Krajicek Lauda Lendl Lineker Löw Maldini Maradona Matthäus Mbappé McEnroe Messi Modrić
Mourinho Muster Nadal Navratilova Neuer Neymar Nowitzki Owen Papin Pelé Platini Prost Puskás
Ronaldinho Ronaldo Rooney Rummenigge Sampras Schumacher Schweinsteiger Seles Senna Sinner Stich
Suárez Tyson Vettel Villeneuve Völler Woods Xavi Zidane Zoff Zubizarreta Pantani Indurain Merckx
Ullrich Zabel Jordan Kobe LeBron Shaq Els Norman Almodóvar Antonioni Bardot Bergman Bertolucci
Bogart Brando Buñuel Chaplin Coppola Costner Cruise Deneuve DiCaprio Dietrich Eastwood Eisenstein
Fassbinder Fellini Garbo Gibson Godard Hitchcock Kubrick Kurosawa Loren Lynch Mastroianni Monroe
Murnau Pacino Polanski Rossellini Schwarzenegger Scorsese Spielberg Stallone Streep Tarantino
Tarkovsky Truffaut Visconti Welles Wenders Willis Haneke Scola Kimmel Colbert Oprah Letterman
Kardashian Snowden Assange Manning Navalny Alexander Attila Barbarossa Bonaparte Caesar Caligula
Charlemagne Cleopatra Columbus Constantine Cortés Danton Hannibal Magellan Marat Medici Metternich
Napoleon Napoleón Nelson Nero Pizarro Polo Richelieu Robespierre Rommel Spartacus Talleyrand
Wellington Zhukov Bolívar Sucre Martí Juárez Sandino Muhammad Mohammed Buddha Jesus Christus
Christ Moses Abraham Confucius Zoroaster
""".split()
