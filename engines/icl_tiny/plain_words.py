"""Plain English words that the tokenizers should hold whole, though the model saw none drawn.

They keep captions for the ten tasks short: a word that is one token instead of six leaves room.
"""

PLAIN_TEXT = """
the of and to in a is it that with as for on was at by be this from or are an have had not but
what were when we there can which their said if do will each about how up out them then she he his
her him they you your many some so these would other into has more two three four five six seven
eight nine ten like time see way could people my than first been call who now find long down day
did get come made may part over new sound take only little work know place year live me back give
most very after thing our just name good sentence man woman boy girl think say great where help
through much before line right left top bottom too mean old any same tell follow came want show
also around form small set put end does another well large must big even such because turn here
why ask went men read need land different home us move try kind hand picture again change off play
spell air away animal house point page letter mother father answer found study still learn should
world high every near add food between own below country plant last school keep tree never start
city earth eye light thought head under story saw far sea draw late run while press close night
real life few north south east west open seem together next white children begin got walk example
ease paper group always music those both mark often book until mile river car feet care second
enough plain usual young ready above ever red list though feel talk bird soon body dog family
direct pose leave song door product black short wind question happen complete ship area half rock
order fire problem piece told knew pass since whole king space heard best hour better true during
hundred remember step early hold ground interest reach fast sing listen table travel less morning
simple several toward war lay against pattern slow center love person money serve appear road map
rain rule pull cold notice voice power town fine certain fly fall lead cry dark machine note wait
plan figure star box noun field rest correct able pound done beauty drive stood contain front
teach week final gave green quick develop ocean warm free minute strong special mind behind clear
tail produce fact street inch nothing course stay wheel full force blue object decide surface deep
moon island foot system busy test record boat common gold possible plane dry wonder laugh thousand
ago ran check game shape hot miss brought heat snow tire bring yes distant fill photo photograph
portrait image scene shot frame camera film movie cinema storyboard panel grid poster slide
template presentation title chart diagram icon logo brand identity design symbol emblem label
package packaging mug bottle tote bag shirt card business cup notebook sign billboard sticker
stationery typeface font lettering letters alphabet serif script bold italic handwriting
calligraphy neon chalk paint brush ink pencil watercolour watercolor illustration cartoon anime
sketch drawing painting style vintage modern minimal elegant playful retro bright soft colour
color colourful palette gradient texture wood metal glass stone marble leather fabric linen cotton
wool silk room sofa chair lamp rug carpet curtain window wall shelf bed pillow kitchen bedroom
bathroom living office desk mirror candle vase fireplace cosy cozy interior furniture decoration
decor apartment balcony garden couple friend friends wedding profile avatar face hair eyes smile
smiling beard glasses dress suit jacket coat scarf hat hats shoes gloves boots costume uniform
jewel necklace ring crown cat fish horse rabbit fox bear lion sandstorm sand dust storm effect
overlay overlays sparkler sparklers sparks glitter firework fireworks glow glowing lights shadow
sunset sunrise dawn dusk noon evening sky cloud clouds sun stars fog mist lake mountain mountains
hill valley forest jungle desert beach cave bridge tower castle church temple market station
airport train bus bicycle motorcycle rocket robot alien astronaut dragon wizard knight princess
queen prince detective doctor nurse teacher artist musician dancer chef farmer sailor pirate
soldier walking running sitting standing lying jumping dancing singing reading writing cooking
eating drinking sleeping looking holding carrying throwing catching climbing swimming flying
driving riding fighting hugging kissing laughing crying thinking talking playing working waiting
waving pointing turning falling rising opening closing entering background foreground closeup wide
angle view beside inside outside across along happy sad angry surprised calm quiet loud brave shy
tired hungry sleepy proud gentle wild strange funny serious afternoon midnight spring summer
autumn winter january holiday birthday christmas party picnic journey adventure trip visit weekend
hotel restaurant cafe coffee tea bread cake fruit apple banana lemon cherry strawberry tomato
carrot flower flowers rose tulip leaf leaves grass trees palm pine cactus mushroom shell grey gray
silver golden bronze copper beige cream ivory navy cyan magenta violet indigo lime olive maroon
coral peach mint lavender turquoise teal crimson scarlet emerald amber ruby sapphire pale vivid
square circle triangle round oval diamond heart cube sphere cone cylinder dot stripe stripes
checked spotted
"""


def plain_words() -> list[str]:
    """The words above, sorted, each once."""
    return sorted(set(PLAIN_TEXT.split()))
