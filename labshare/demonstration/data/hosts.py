"""The invented host firms and the profiles of their labs. Towns are real."""

from dataclasses import dataclass

Bilingual = tuple[str, str]


@dataclass(frozen=True)
class Profile:
    """What a lab does: which kinds of instrument, most important first."""

    name: Bilingual
    kinds: tuple[str, ...]
    description: Bilingual


PROFILES = {
    "bearing": Profile(("轴承检测中心", "Bearing Test Centre"),
        ("oes", "cs", "microscope", "roundness", "profilometer", "vibrometer", "life_rig", "utm", "hardness", "sem",
         "comparator", "onh", "xrd", "cmm", "salt", "clearance", "gauss"),
        ("轴承及零件的材料、尺寸、振动和寿命检测。", "Materials, dimensions, vibration and life of bearings and their parts.")),
    "life": Profile(("寿命试验室", "Life Test Lab"), ("life_rig", "vibrometer", "clearance", "comparator", "gauss"),
        ("轴承寿命与可靠性试验。", "Bearing life and reliability tests.")),
    "metal": Profile(("金属材料实验室", "Metal Materials Lab"),
        ("utm", "hardness", "microscope", "oes", "cs", "microhardness", "sem", "onh", "fatigue"),
        ("金属材料力学、金相与成分分析。", "Mechanics, metallography and composition of metals.")),
    "heat": Profile(("热处理检验室", "Heat Treatment Lab"), ("microscope", "microhardness", "hardness", "xrd"),
        ("热处理质量与失效分析。", "Heat treatment quality and failure analysis.")),
    "composition": Profile(("成分分析室", "Composition Lab"), ("oes", "cs", "onh", "icp_oes", "ftir"),
        ("金属与化学成分分析。", "Composition of metals and chemicals.")),
    "dimension": Profile(("精密计量室", "Precision Metrology Lab"), ("cmm", "roundness", "profilometer", "comparator"),
        ("精密尺寸、形位与表面检测。", "Precise dimensions, form and surface.")),
    "wheel": Profile(("车轮实验室", "Wheel Lab"),
        ("bending_rig", "drum_rig", "drop_rig", "runout", "cmm", "oes", "salt", "biaxial_rig"),
        ("车轮疲劳、冲击和跳动试验。", "Fatigue, impact and run-out of wheels.")),
    "corrosion": Profile(("腐蚀试验室", "Corrosion Lab"), ("salt", "salt", "microscope"),
        ("盐雾与循环腐蚀试验。", "Salt spray and cyclic corrosion.")),
    "environment": Profile(("环境试验室", "Environmental Lab"), ("climate", "shock", "salt", "shaker", "supply"),
        ("气候、温变、盐雾与振动试验。", "Climate, temperature change, salt spray and vibration.")),
    "electrical": Profile(("电气试验室", "Electrical Lab"), ("supply", "shaker", "climate", "shock"),
        ("汽车电子电气与机械负荷试验。", "Electrical and mechanical loads on vehicle electronics.")),
    "refrigeration": Profile(("制冷部件实验室", "Refrigeration Parts Lab"),
        ("valve_bench", "refrigerant_bench", "helium", "wash", "salt", "cmm"),
        ("阀件性能、泄漏与清洁度检测。", "Performance, leakage and cleanliness of valves.")),
    "leak": Profile(("检漏与清洁度室", "Leak and Cleanliness Lab"), ("helium", "wash", "valve_bench"),
        ("氦检漏与清洁度检测。", "Helium leak tests and cleanliness.")),
    "textile": Profile(("纺机检测室", "Textile Machinery Lab"), ("sound", "balancer", "cmm", "utm"),
        ("纺机噪声、转子平衡与零件检测。", "Noise of textile machinery, rotor balance and parts.")),
    "fastener": Profile(("紧固件检测室", "Fastener Lab"), ("utm", "hardness", "salt", "microscope", "microhardness"),
        ("紧固件力学、镀层与金相检测。", "Mechanics, coatings and structure of fasteners.")),
    "pharma": Profile(("分析测试中心", "Analytical Centre"),
        ("hplc", "gc", "icp_ms", "uplc", "gcms", "dissolution", "kf", "lcms", "laser", "nmr"),
        ("医药与饲料添加剂的色谱、质谱与理化分析。", "Chromatography and mass spectrometry for pharma and feed.")),
    "polymer": Profile(("高分子材料室", "Polymer Lab"), ("ftir", "dsc", "laser", "kf", "utm"),
        ("橡胶塑料鉴别与热分析。", "Identification and thermal analysis of rubber and plastics.")),
}  # fmt: skip


@dataclass(frozen=True)
class Host:
    name: Bilingual
    short: Bilingual
    kind: str
    size: str | None
    sector: str
    industry: str
    town: str
    labs: tuple[str, ...]
    """Profiles, one a lab."""
    accredited: bool = True


def _host(zh: str, en: str, short: Bilingual, industry: str, town: str, labs: str, kind: str = "enterprise",
          size: str | None = "large", sector: str = "industry", accredited: bool = True) -> Host:  # fmt: skip
    return Host((zh, en), short, kind, size, sector, industry, town, tuple(labs.split()), accredited)


HOSTS = (
    _host("浙江儒岙铸锻有限公司", "Zhejiang Ru'ao Casting and Forging Co., Ltd.", ("儒岙", "Ru'ao"), "C3391", "330624110",
          "metal heat composition corrosion dimension"),
    _host("浙江天姥轮毂科技股份有限公司", "Zhejiang Tianmu Wheel Technology Co., Ltd.", ("天姥", "Tianmu"), "C3670", "330624003",
          "wheel wheel metal corrosion dimension composition"),
    _host("浙江穿岩精密轴承股份有限公司", "Zhejiang Chuanyan Precision Bearing Co., Ltd.", ("穿岩", "Chuanyan"), "C3451",
          "330624001", "bearing life metal dimension heat corrosion composition"),
    _host("浙江拔茅轴承有限公司", "Zhejiang Bamao Bearing Co., Ltd.", ("拔茅", "Bamao"), "C3451", "330624001",
          "bearing life heat dimension"),
    _host("浙江剡溪制冷部件股份有限公司", "Zhejiang Shanxi Creek Refrigeration Parts Co., Ltd.", ("剡溪", "Shanxi Creek"),
          "C3464", "330624200", "refrigeration leak environment dimension corrosion"),
    _host("浙江沃洲生物医药股份有限公司", "Zhejiang Wozhou Biopharma Co., Ltd.", ("沃洲", "Wozhou"), "C2710", "330624112",
          "pharma pharma pharma polymer composition"),
    _host("浙江班竹纺机股份有限公司", "Zhejiang Banzhu Textile Machinery Co., Ltd.", ("班竹", "Banzhu"), "C3551", "330624002",
          "textile metal dimension electrical"),
    _host("浙江镜岭紧固件有限公司", "Zhejiang Jingling Fastener Co., Ltd.", ("镜岭", "Jingling"), "C3482", "330624109",
          "fastener corrosion metal heat", accredited=False),
    _host("浙江澄潭电子股份有限公司", "Zhejiang Chengtan Electronics Co., Ltd.", ("澄潭", "Chengtan"), "C3670", "330624004",
          "environment electrical electrical environment leak"),
    _host("浙江小将冲压件有限公司", "Zhejiang Xiaojiang Stamping Co., Ltd.", ("小将", "Xiaojiang"), "C3670", "330624107",
          "metal heat dimension", size="medium", accredited=False),
    _host("浙江回山机械有限公司", "Zhejiang Huishan Machinery Co., Ltd.", ("回山", "Huishan"), "C3499", "330624104",
          "dimension metal textile", size="medium"),
    _host("浙江桃源重工股份有限公司", "Zhejiang Taoyuan Heavy Industry Co., Ltd.", ("桃源", "Taoyuan"), "C3499", "330624003",
          "metal composition dimension heat fastener"),
    _host("新昌县斗潭产业检测公共服务中心", "Xinchang Doutan Public Testing Service Centre", ("斗潭", "Doutan"), "M7450",
          "330624003", "metal environment pharma composition dimension corrosion", "public_institution", None, "other"),
    _host("浙江斗岩汽车零部件股份有限公司", "Zhejiang Douyan Auto Parts Co., Ltd.", ("斗岩", "Douyan"), "C3670", "330624003",
          "wheel leak environment metal"),
    _host("浙江南岩阀件股份有限公司", "Zhejiang Nanyan Valve Co., Ltd.", ("南岩", "Nanyan"), "C3443", "330624002",
          "refrigeration leak metal corrosion"),
    _host("浙江沙溪密封科技有限公司", "Zhejiang Shaxi Sealing Technology Co., Ltd.", ("沙溪", "Shaxi"), "C2913", "330624108",
          "polymer corrosion", accredited=False),
    _host("浙江七盘传动股份有限公司", "Zhejiang Qipan Drive Technology Co., Ltd.", ("七盘", "Qipan"), "C3453", "330624003",
          "bearing dimension heat"),
    _host("浙江长诏新材料股份有限公司", "Zhejiang Changzhao New Materials Co., Ltd.", ("长诏", "Changzhao"), "C3252", "330624001",
          "composition metal corrosion"),
    _host("浙江鼓峰饲料添加剂股份有限公司", "Zhejiang Gufeng Feed Additives Co., Ltd.", ("鼓峰", "Gufeng"), "C1495", "330624004",
          "pharma composition"),
    _host("浙江梅渚电机股份有限公司", "Zhejiang Meizhu Motor Co., Ltd.", ("梅渚", "Meizhu"), "C3812", "330624004",
          "electrical textile"),
)  # fmt: skip
CHUANYAN = 2
"""The firm of `owner@` and `lab@` in this list; its labs are XC-012 to XC-018."""

SECOND_LABS = ("", "二", "三")
SECOND_LABS_EN = ("", " II", " III")
