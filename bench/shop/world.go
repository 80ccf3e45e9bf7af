package shop

import (
	"strings"

	"github.com/musterdb/muster/bench/draw"
)

// land is a country with what its contacts are called and where they live, most frequent first.
type land struct {
	code, language string
	utc            int // hours ahead of UTC, near enough for the time of day of a visit
	weight         int
	cities         []string
	women, men     []string
	families       []string
}

func words(s string) []string { return strings.Fields(s) }

// places are names that may hold spaces, separated by commas.
func places(s string) []string { return strings.Split(s, ", ") }

var lands = []land{
	{"DE", "de", 1, 24, places("Berlin, Hamburg, München, Köln, Frankfurt, Stuttgart, Leipzig, Bremen"),
		words("Anna Lena Marie Lea Laura Julia Sophie Katharina Ingrid Petra Sabine Claudia"), words("Lukas Jonas Felix Paul Max Stefan Thomas Andreas Jürgen Klaus Matthias Tobias"),
		words("Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Hoffmann Schäfer Koch Bauer")},
	{"GB", "en", 0, 16, places("London, Manchester, Birmingham, Leeds, Glasgow, Bristol, Liverpool, Edinburgh"),
		words("Olivia Amelia Emily Grace Charlotte Sophie Hannah Ruth Margaret Susan"), words("Oliver George Harry Jack James Thomas William Daniel Alan Peter"),
		words("Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker Khan")},
	{"FR", "fr", 1, 13, places("Paris, Lyon, Marseille, Toulouse, Nice, Nantes, Bordeaux, Lille"),
		words("Camille Chloé Manon Léa Inès Julie Marie Nathalie Isabelle Sylvie"), words("Lucas Hugo Louis Jules Gabriel Nicolas Julien Philippe Michel Alain"),
		words("Martin Bernard Dubois Thomas Robert Petit Durand Leroy Moreau Simon Laurent Garnier")},
	{"PL", "pl", 1, 12, places("Warszawa, Kraków, Wrocław, Poznań, Gdańsk, Łódź, Lublin, Katowice"),
		words("Anna Maria Katarzyna Małgorzata Agnieszka Zofia Julia Hanna Ewa Barbara"), words("Jan Piotr Krzysztof Andrzej Tomasz Jakub Adam Michał Marcin Paweł"),
		words("Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Mazur Krawczyk")},
	{"US", "en", -5, 9, places("New York, Chicago, Los Angeles, Austin, Seattle, Boston, Denver, Atlanta"),
		words("Emma Ava Mia Harper Madison Ashley Jennifer Linda Karen Nancy"), words("Liam Noah Ethan Mason Logan Michael David Robert Steven Kevin"),
		words("Johnson Garcia Miller Davis Rodriguez Martinez Anderson Moore Jackson White Lee Clark")},
	{"IT", "it", 1, 7, places("Roma, Milano, Napoli, Torino, Bologna, Firenze, Genova, Palermo"),
		words("Giulia Sofia Aurora Martina Chiara Francesca Elena Paola Rosa Lucia"), words("Leonardo Francesco Alessandro Lorenzo Matteo Marco Luca Giuseppe Antonio Paolo"),
		words("Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco")},
	{"ES", "es", 1, 6, places("Madrid, Barcelona, Valencia, Sevilla, Zaragoza, Málaga, Bilbao, Murcia"),
		words("Lucía María Paula Carmen Laura Marta Ana Cristina Pilar Isabel"), words("Hugo Pablo Alejandro Javier Carlos Miguel José Antonio Manuel Francisco"),
		words("García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Ruiz")},
	{"NL", "nl", 1, 4, places("Amsterdam, Rotterdam, Den Haag, Utrecht, Eindhoven, Groningen"),
		words("Emma Julia Sanne Lotte Anouk Femke Marieke Ingrid"), words("Daan Sem Lars Bram Thijs Jeroen Pieter Willem"),
		places("de Jong, Jansen, de Vries, van den Berg, van Dijk, Bakker, Janssen, Visser, Smit, Mulder")},
	{"SE", "sv", 1, 3, places("Stockholm, Göteborg, Malmö, Uppsala, Lund"),
		words("Alice Maja Elsa Astrid Karin Birgitta"), words("William Oscar Erik Lars Johan Anders"), words("Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson")},
	{"CZ", "cs", 1, 2, places("Praha, Brno, Ostrava, Plzeň"), words("Jana Eva Hana Lenka Tereza Věra"), words("Jiří Petr Pavel Tomáš Martin Josef"),
		words("Novák Svoboda Novotný Dvořák Černý Procházka Kučera Veselý")},
	{"AT", "de", 1, 2, places("Wien, Graz, Linz, Salzburg, Innsbruck"), words("Anna Sophie Marie Eva Barbara Monika"), words("Lukas David Tobias Michael Wolfgang Franz"),
		words("Gruber Huber Bauer Wagner Müller Pichler Steiner Moser")},
	{"PT", "pt", 0, 2, places("Lisboa, Porto, Braga, Coimbra, Faro"), words("Maria Leonor Matilde Ana Rita Teresa"), words("João Francisco Tiago Pedro Rui Luís"),
		words("Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins")},
}

// category is a shelf of the shop. season is how well it sells in each month, in percent of its average.
type category struct {
	name     string
	season   [12]int
	products []product
}

type product struct {
	name  string
	cents int64
}

var shelves = []category{
	{"shoes", [12]int{90, 90, 110, 120, 110, 90, 80, 90, 120, 110, 120, 110},
		[]product{{"Trail runner", 8990}, {"Canvas sneaker", 4990}, {"Hiking boot", 13900}, {"Sandal", 3490}, {"Winter boot", 11900}, {"Ballet flat", 4490}}},
	{"coats", [12]int{130, 100, 70, 40, 20, 10, 10, 30, 110, 190, 250, 220},
		[]product{{"Rain jacket", 7990}, {"Down coat", 19900}, {"Wool coat", 22900}, {"Fleece", 5990}, {"Parka", 16900}}},
	{"garden", [12]int{20, 40, 150, 240, 230, 190, 140, 90, 60, 20, 10, 20},
		[]product{{"Pruning shears", 2490}, {"Herb set", 1290}, {"Lawn chair", 5990}, {"Watering can", 1990}, {"Raised bed", 8990}}},
	{"kitchen", [12]int{100, 90, 90, 90, 90, 80, 70, 80, 90, 100, 150, 180},
		[]product{{"Chef's knife", 5490}, {"Cast-iron pan", 4990}, {"Espresso pot", 2990}, {"Baking tin", 1790}, {"Stand mixer", 34900}, {"Wok", 3990}}},
	{"toys", [12]int{50, 50, 70, 70, 60, 70, 70, 60, 70, 100, 230, 310},
		[]product{{"Wooden train", 3990}, {"Board game", 2990}, {"Plush bear", 1990}, {"Building bricks", 4990}, {"Puzzle", 1490}}},
	{"books", [12]int{100, 90, 90, 80, 80, 100, 110, 90, 90, 100, 130, 170},
		[]product{{"Cookbook", 2890}, {"Crime novel", 1290}, {"Travel guide", 1890}, {"Picture book", 1490}, {"Biography", 2490}, {"Poems", 1190}}},
	{"sports", [12]int{160, 110, 110, 110, 120, 120, 100, 90, 90, 80, 90, 110},
		[]product{{"Yoga mat", 2990}, {"Dumbbell pair", 4490}, {"Bike helmet", 6990}, {"Tennis racket", 12900}, {"Swim goggles", 1890}}},
	{"lamps", [12]int{120, 100, 90, 80, 70, 60, 60, 80, 110, 140, 160, 140},
		[]product{{"Desk lamp", 3990}, {"Paper lantern", 1490}, {"Floor lamp", 9990}, {"String lights", 1990}}},
}

var (
	sources = []draw.Weighted{{Value: "organic", Percent: 38}, {Value: "ads", Percent: 24}, {Value: "social", Percent: 16},
		{Value: "referral", Percent: 13}, {Value: "marketplace", Percent: 9}}
	devices = []draw.Weighted{{Value: "phone", Percent: 61}, {Value: "desktop", Percent: 31}, {Value: "tablet", Percent: 8}}
	genders = []draw.Weighted{{Value: "F", Percent: 52}, {Value: "M", Percent: 40}, {Value: "X", Percent: 1}, {Value: "", Percent: 7}}
)

// ascii spells a name as it stands in an e-mail address.
var ascii = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "é", "e", "è", "e", "ï", "i", "í", "i", "ó", "o", "á", "a", "ã", "a", "ñ", "n",
	"ł", "l", "ś", "s", "ń", "n", "ż", "z", "ź", "z", "ą", "a", "ę", "e", "ć", "c", "å", "a", "ř", "r", "š", "s", "č", "c", "ž", "z", "ý", "y", "ě", "e", "ů", "u", "ú", "u",
	" ", "")
